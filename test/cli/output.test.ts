/** Text that others wrote, on a terminal: shown, never obeyed. */
import { describe, expect, it } from 'vitest'
import { printable, renderChecks, renderVerdict, verdictJson } from '../../src/cli/output.ts'
import { type Check, judge } from '../../src/core/verdict.ts'

describe('hostile text on a terminal', () => {
  it.each([
    ['escape sequences', 'a\u001b[2Kb', 'a?[2Kb'],
    ['their one-octet forms', 'a\u009b2Kb', 'a?2Kb'],
    ['line ends of all kinds', 'a\r\n\u0085\u2028b', 'a????b'],
    ['marks that turn the direction', 'a\u202eb\u2066', 'a?b?'],
    ['marks that hide', 'a\u200bb\ufeff', 'a?b?'],
    ['lone surrogates', 'a\ud800b', 'a?b'],
  ])('shows %s as question marks', (_what, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it('shows what people write as they wrote it', () => {
    expect(printable('Grüß dich 👋, 日本')).toBe('Grüß dich 👋, 日本')
  })

  it('keeps the result on its line: a model can have any name', async () => {
    const verdict = await judge(['a'], async (check) => {
      check.pass('a')
      return {}
    })
    const shown = renderVerdict(verdict, { colour: false, result: 'an answer of x\n\u001b[2Averified: all' })
    expect(shown).toContain('verified: an answer of x??[2Averified: all\n')
  })
})

describe('the check list', () => {
  const hex = '0123456789abcdef'.repeat(8)
  const check = (changes: Partial<Check>): Check => ({
    name: 'a',
    status: 'pass',
    required: true,
    detail: '',
    ...changes,
  })
  const compared = check({ detail: 'seen it', seen: 'seen it', wanted: 'want it', spec: 'RFC 5280, 6.1.3' })

  it('shows what passed in one line of at most 100 columns, and what was seen alone', () => {
    const long = check({ name: 'long', detail: 'word '.repeat(40) })
    const [first = '', second = '', ...more] = renderChecks([compared, long], { colour: false }).split('\n')
    expect(first).toBe('  ✓ a     seen it')
    expect(second.length).toBe(100)
    expect(second.endsWith('…')).toBe(true)
    expect(more).toEqual([])
  })

  it('shows for all, where asked, and always for what failed, the value wanted and the section', () => {
    const line = 'seen it; wanted want it [RFC 5280, 6.1.3]'
    expect(renderChecks([compared], { colour: false, explain: true })).toBe(`  ✓ a  ${line}`)
    const failed = check({ ...compared, status: 'fail', code: 'SNP_VMPL' })
    expect(renderChecks([failed], { colour: false })).toBe(`  ✗ a  SNP_VMPL ${line}`)
  })

  it('says nothing twice, and shortens long hex that machines get whole', async () => {
    const both = check({ status: 'fail', code: 'SNP_VMPL', detail: `${hex}; 00 is due`, seen: hex, wanted: '00' })
    expect(renderChecks([both], { colour: false })).toBe('  ✗ a  SNP_VMPL 0123456789abcdef…; 00 is due')
    const verdict = await judge({ a: 'here' }, async (checker) => {
      checker.that('a', true, 'SNP_VMPL', { seen: hex, wanted: hex })
      return {}
    })
    expect(verdictJson(verdict)).toContain(`"seen":"${hex}","wanted":"${hex}","spec":"here"`)
  })
})
