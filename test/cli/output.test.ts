/** Text that others wrote, on a terminal: shown, never obeyed. */
import { describe, expect, it } from 'vitest'
import { printable, renderVerdict } from '../../src/cli/output.ts'
import { judge } from '../../src/core/verdict.ts'

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
