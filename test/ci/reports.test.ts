/** Reports of `countersign ci`: what an attacker writes into evidence or bundles stays text in each of their forms. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { renderJunit } from '../../src/cli/ci/junit.ts'
import { pageJson, renderPage } from '../../src/cli/ci/page.ts'
import { lockUri, renderSarif } from '../../src/cli/ci/sarif.ts'
import { exitOf, type Subject } from '../../src/cli/ci/subject.ts'
import { renderSummary } from '../../src/cli/ci/summary.ts'
import { FAILURE_CODES } from '../../src/core/failure-codes.ts'
import { judge } from '../../src/core/verdict.ts'
import { type Bench, createBench, lockOf, measuredLine, row } from './bench.ts'

const HOSTILE = [
  'a | b || c',
  '</code></details><script>alert(1)</script><img src=x onerror=alert(1)>',
  '`code` **bold** _it_ ~~s~~ [link](https://evil.example) ![i](//evil.example/x.png) www.evil.example mail@evil.example @org/team #1',
  'line\n## heading\n\n| a | b |\r\n- item\u2028- item\u2029',
  ']]><failure/>&amp;&#0;&lt;"\'',
  '\u0000\u0007\u001b[31m\u202e\ufffe\uffff\u{1fffe}\ud800',
  '{0} {{1}} [text](1) \\[ \\',
  '::error::x ##[add-mask]x',
  '',
] as const

/** One that failed, one that lacks something, and one that is good; each has the text wherever an attacker could write it. */
async function subjectsOf(text: string): Promise<readonly Subject[]> {
  const shown = { kind: 'gateway', name: `gateway ${text}`, result: text } as const
  const failed = await judge(['lock-row', 'later'], async (check): Promise<object> => {
    check.assume(text)
    return check.fail('lock-row', 'MEASUREMENT_MISMATCH', { seen: text, wanted: text, fail: text })
  })
  const missing = await judge(['crl'], async (check): Promise<object> => check.incomplete('crl', text))
  const good = await judge(['row', 'left-out'], async (check): Promise<object> => {
    check.pass('row', text)
    check.unchecked('left-out', text)
    check.simulated()
    return {}
  })
  return [failed, missing, good].map((verdict) => ({ ...shown, verdict }))
}

const unescaped = (line: string, char: string): number => line.split(char).length - 1

let all: readonly (readonly [string, readonly Subject[]])[]
beforeAll(async () => {
  all = await Promise.all(HOSTILE.map(async (text) => [text, await subjectsOf(text)] as const))
})

describe('Markdown', () => {
  test('has no syntax but its own', () => {
    const shape = (subjects: readonly Subject[]): string =>
      renderSummary(subjects).replace(/<code>[^<]*<\/code>/g, '<code/>')
    const [[, harmless] = ['', []]] = all
    for (const [text, subjects] of all) expect([text, shape(subjects)]).toEqual([text, shape(harmless)])
  })

  test('has nothing in a cell that could be syntax, a link or a mention', () => {
    for (const [, subjects] of all)
      for (const [, cell = ''] of renderSummary(subjects).matchAll(/<code>([^<]*)<\/code>/g))
        expect(cell.replace(/&#\d+;/g, '')).toMatch(/^[\p{L}\p{N} ,;+=%'’…-]*$/u)
  })

  test('says what failed, with its meaning and remedy, and that it is simulated', async () => {
    const summary = renderSummary(await subjectsOf('seen'))
    for (const part of [...FAILURE_CODES.MEASUREMENT_MISMATCH, '2 of 3 not verified', 'SIMULATED TEE'])
      expect(summary).toContain(part)
  })
})

describe('JUnit', () => {
  /** XML 1.0, 2.2. */
  const CHAR = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u
  const TAG = /<\?xml [^<>]*\?>|<\/?[a-z]+(?: [a-z]+="[^"<>]*")*\/?>/g

  test('is well formed whatever it shows', () => {
    for (const [text, subjects] of all) {
      const document = renderJunit(subjects)
      expect(document).toMatch(CHAR)
      expect([text, document.replace(TAG, '').match(/[<>]|&(?!(?:amp|lt|gt|quot|apos);)/g)]).toEqual([text, null])
      const names = [...document.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)].filter(([, , , empty]) => empty === '')
      const open: string[] = []
      for (const [, end, name = ''] of names) {
        if (end === '') open.push(name)
        else expect(open.pop()).toBe(name)
      }
      expect(open).toEqual([])
    }
  })

  test('counts a failure, what is missing as one, and what was not reached or left out as skipped', async () => {
    const document = renderJunit(await subjectsOf('seen'))
    expect(
      [...document.matchAll(/tests="(\d)" failures="(\d)" errors="0" skipped="(\d)"/g)].map((m) => m.slice(1)),
    ).toEqual([
      ['2', '1', '1'],
      ['1', '1', '0'],
      ['2', '0', '1'],
    ])
    expect(document).toContain('<failure type="CHECK_NOT_PERFORMED" message="seen">')
  })
})

describe('SARIF', () => {
  test('has messages without links and placeholders, and codes of this software alone', () => {
    for (const [, subjects] of all) {
      const [run] = JSON.parse(renderSarif(subjects, 'countersign.lock.json')).runs
      for (const { message, ruleId } of run.results) {
        expect(message.text).not.toMatch(/[[\]{}\\\p{Cc}\p{Cf}]/u)
        expect(Object.keys(FAILURE_CODES)).toContain(ruleId)
      }
    }
  })

  test('has the failure and what is missing, each with a rule and the lock as its place', async () => {
    const { version, runs } = JSON.parse(renderSarif(await subjectsOf('seen'), 'countersign.lock.json'))
    const [{ tool, results, invocations, properties }] = runs
    const location = {
      artifactLocation: { uri: 'countersign.lock.json', uriBaseId: '%SRCROOT%' },
      region: { startLine: 1 },
    }
    expect([version, invocations, properties]).toEqual([
      '2.1.0',
      [{ executionSuccessful: true, exitCode: 1 }],
      { simulated: true },
    ])
    expect(results).toMatchObject([
      { ruleId: 'MEASUREMENT_MISMATCH', level: 'error', locations: [{ physicalLocation: location }] },
      { ruleId: 'CHECK_NOT_PERFORMED', level: 'warning', locations: [{ physicalLocation: location }] },
    ])
    for (const { ruleId, ruleIndex } of results) {
      const rule = tool.driver.rules[ruleIndex]
      const [meaning, remedy] = Object.entries(FAILURE_CODES).find(([code]) => code === ruleId)?.[1] ?? []
      expect(rule).toMatchObject({ id: ruleId, shortDescription: { text: meaning }, help: { text: remedy } })
    }
  })

  test('knows a fault again in the next run, though its details differ', async () => {
    const printOf = (subjects: readonly Subject[]): string =>
      JSON.parse(renderSarif(subjects, 'x')).runs[0].results[0].partialFingerprints['countersign/v1']
    const [one, other] = [await subjectsOf('seen'), await subjectsOf('else')]
    const named = other.map((subject) => ({ ...subject, name: one[0]?.name ?? '' }))
    expect(printOf(named)).toBe(printOf(one))
    expect(printOf(other)).not.toBe(printOf(one))
  })

  test('two faults are two alerts, even of one name: code scanning knows them by the hash of the line alone', async () => {
    const [failed, missing] = await subjectsOf('seen')
    if (failed === undefined || missing === undefined) throw new Error('three were made')
    const other = { ...failed, name: 'gateway of another name' }
    const { results } = JSON.parse(renderSarif([failed, failed, other, missing], 'x')).runs[0]
    const hashes = results.map(
      (one: { readonly partialFingerprints: Readonly<Record<string, string>> }) =>
        one.partialFingerprints['primaryLocationLineHash'],
    )
    expect(hashes).toHaveLength(4)
    expect(new Set(hashes).size).toBe(4)
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}:[12]$/)
  })

  test.each([
    ['countersign.lock.json', 'countersign.lock.json'],
    ['deploy/a b#1.json', 'deploy/a%20b%231.json'],
    ['/elsewhere/countersign.lock.json', 'countersign.lock.json'],
  ])('names the lock %s as %s', (file, uri) => {
    expect(lockUri(file)).toBe(uri)
  })
})

describe('terminal and machines', () => {
  test('no line of the page begins as a command to the runner, and no control character is left', () => {
    for (const [, subjects] of all) {
      const page = renderPage(subjects, false)
      expect(page).not.toMatch(/^\s*::/m)
      expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
  })

  test('one failure outweighs what is missing, which outweighs what is good', async () => {
    const [failed, missing, good] = await subjectsOf('seen')
    if (failed === undefined || missing === undefined || good === undefined) throw new Error('three were made')
    expect([[good], [good, missing], [missing, failed]].map(exitOf)).toEqual([0, 3, 1])
    expect(JSON.parse(pageJson([missing]))).toMatchObject({ verified: false, exit: 3, simulated: false })
  })
})

describe('files', () => {
  let bench: Bench | undefined
  afterEach(() => bench?.close())

  test('are written as asked for; the summary keeps what others wrote', async () => {
    bench = createBench(lockOf(row('a')))
    bench.file('summary.md', 'before\n')
    const [sarif, junit, summary] = ['out.sarif', 'out.xml', 'summary.md'].map(bench.path)
    const rows = bench.file('rows', measuredLine('a', { shape: 'x | <b> `y`' }))
    const args = ['--measured', rows, '--sarif', sarif ?? '', '--junit', junit ?? '', '--summary', summary ?? '']
    expect((await bench.run(...args)).exit).toBe(0)
    expect(bench.read('summary.md')).toMatch(/^before\n## Countersign: verified\n/)
    expect(
      bench
        .read('summary.md')
        .split('\n')
        .map((line) => unescaped(line, '|')),
    ).not.toContain(5)
    expect(JSON.parse(bench.read('out.sarif')).runs[0].results).toEqual([])
    expect(bench.read('out.xml')).toContain('x | &lt;b&gt; `y`')
  })
})
