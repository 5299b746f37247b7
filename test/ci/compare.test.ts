/** `countersign ci`: what was rebuilt against what is pinned. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { type Bench, createBench, digest, lockOf, measuredLine, releaseOf, row } from './bench.ts'

const LOCK = lockOf(
  row('a'),
  row('b', { status: 'next' }),
  row('7', { status: 'revoked' }),
  row('8', { notAfter: new Date('2026-11-20T00:00:00Z') }),
)
const benches: Bench[] = []
const open = (...given: Parameters<typeof createBench>): Bench => {
  const bench = createBench(...given)
  benches.push(bench)
  return bench
}
afterEach(() => {
  for (const bench of benches.splice(0)) bench.close()
})

describe('what was rebuilt', () => {
  test('passes where each measurement is pinned, and lists the rows that nobody rebuilt', async () => {
    const bench = open(LOCK)
    const { exit, out } = await bench.run('--measured', bench.file('rows', measuredLine('a')))
    expect(exit).toBe(0)
    expect(out.replaceAll(bench.path(''), '')).toMatchInlineSnapshot(`
      "  ✓ policy and lock: the lock may be used; 1 not checked
        ✓ rebuilt snp, qemu, shape a: what was rebuilt is what the lock pins; 1 not checked
        ✓ rows of the lock: each row that has to be was rebuilt
            – row-2: next, snp, qemu, shape b: nobody rebuilt it, and --require does not ask

      verified
      "
    `)
  })

  test.each<[string, string, string]>([
    ['that no row pins', measuredLine('9'), 'MEASUREMENT_MISMATCH'],
    ['of which one alone is pinned', measuredLine('a') + measuredLine('9'), 'MEASUREMENT_MISMATCH'],
    ['that is pinned as revoked', measuredLine('7'), 'MEASUREMENT_RETIRED'],
    ['that is pinned until yesterday', measuredLine('8'), 'MEASUREMENT_RETIRED'],
    ['with another configuration', measuredLine('a', { config: digest('0') }), 'CONFIG_UNMEASURED'],
    ['with another model', measuredLine('a', { models: [{ name: 'llama', digest: digest('0') }] }), 'MODEL_MISMATCH'],
    [
      'with the model of another row',
      measuredLine('a', { models: [{ name: 'other', digest: digest('d') }] }),
      'POLICY_TUPLE',
    ],
  ])('refuses a measurement %s', async (_name, lines, code) => {
    const lock = lockOf(...LOCK.rows, row('6', { models: [{ name: 'other', digest: digest('d') }] }))
    const bench = open(lock)
    const { exit, out } = await bench.run('--measured', bench.file('rows', lines), '--json')
    const failed = JSON.parse(out).subjects.filter(({ verified }: { verified: boolean }) => !verified)
    expect([exit, failed.map(({ code: seen }: { code: string }) => seen)]).toEqual([1, [code]])
  })

  test('two rows cannot lend each other a model', async () => {
    const both = [
      { name: 'llama', digest: digest('d') },
      { name: 'other', digest: digest('e') },
    ]
    const lock = lockOf(row('a', { models: both.slice(0, 1) }), row('a', { models: both.slice(1) }))
    const bench = open(lock)
    const { exit } = await bench.run('--measured', bench.file('rows', measuredLine('a', { models: both })))
    expect(exit).toBe(1)
  })

  test("takes a release's list, which names neither configuration nor models", async () => {
    const bench = open(LOCK)
    const good = await bench.run(
      '--measured',
      bench.file('measurements.json', releaseOf('a', 'b')),
      '--require',
      'in-force',
    )
    const bad = await bench.run('--measured', bench.file('other.json', releaseOf('a', '9')))
    expect([good.exit, bad.exit]).toEqual([0, 1])
  })

  test.each([
    ['active', 'b', 3],
    ['active', 'a', 0],
    ['in-force', 'a', 3],
    ['none', 'b', 0],
  ])('--require %s with %s rebuilt comes to %i', async (required, letter, due) => {
    const bench = open(LOCK)
    const { exit } = await bench.run('--measured', bench.file('rows', measuredLine(letter)), '--require', required)
    expect(exit).toBe(due)
  })

  test('never writes the lock', async () => {
    const bench = open(LOCK)
    const before = readFileSync(bench.path('lock.json'))
    await bench.run('--measured', bench.file('rows', measuredLine('9')), '--sarif', bench.path('out.sarif'))
    expect(readFileSync(bench.path('lock.json'))).toEqual(before)
  })
})

describe('nothing passes by an empty input', () => {
  test.each<[string, readonly string[]]>([
    ['nothing to judge', []],
    ['a report alone', ['--sarif', '/nowhere/out.sarif']],
    ['rows that are required, and none rebuilt', ['--require', 'active']],
    ['an unknown demand', ['--gateway', 'http://127.0.0.1:9', '--require', 'all']],
    ['an address that is none', ['--gateway', 'gw.example.com']],
    ['half of a builder', ['--provenance', 'bundle.json', '--issuer', 'https://issuer.example']],
    ['an approval that policy does not ask for', ['--gateway', 'http://127.0.0.1:9', '--approval', 'bundle.json']],
    ['revocations that policy does not ask for', ['--gateway', 'http://127.0.0.1:9', '--revocations', 'list.jws']],
  ])('%s is wrong use', async (_name, args) => {
    await expect(open(LOCK).run(...args)).rejects.toThrow(UsageError)
  })

  test.each([
    ['an empty file', ''],
    ['blank lines', '\n \n'],
    ['an empty list', JSON.stringify({ version: 1, images: [] })],
    ['no row', '{"platform":"snp"}\n'],
    ['two rows in one line', `${measuredLine('a').trim()},${measuredLine('b')}`],
    ['a wildcard', measuredLine('a', { measurements: { measurement: '*' } })],
  ])('%s for a measurement is refused', async (_name, content) => {
    const bench = open(LOCK)
    await expect(bench.run('--measured', bench.file('rows', content))).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  test('without a policy or a lock there is nothing to judge by', async () => {
    const bench = open(LOCK)
    const rows = bench.file('rows', measuredLine('a'))
    const given = ['--policy', bench.path('policy.json'), '--measured', rows]
    await expect(bench.runBare(...given, '--lock', bench.path('none'))).rejects.toThrow(UsageError)
  })

  test('a report cannot overwrite the lock, the policy or another report', async () => {
    const bench = open(LOCK)
    const rows = ['--measured', bench.file('rows', measuredLine('a'))]
    const out = bench.path('out')
    for (const args of [
      ['--sarif', bench.path('lock.json')],
      ['--summary', bench.path('policy.json')],
      ['--junit', out, '--sarif', out],
      ['--junit', bench.path('rows')],
      ['--sarif', bench.path('lock.json.sigstore.json')],
      ['--sarif', out, '--revocations', out],
      ['--sarif', out, '--measurements', out],
    ])
      await expect(bench.run(...rows, ...args)).rejects.toThrow('a report would overwrite')
  })

  test('a report cannot overwrite the lock by another name of it', async () => {
    const bench = open(LOCK)
    symlinkSync(bench.path('lock.json'), bench.path('out'))
    const run = bench.run('--measured', bench.file('rows', measuredLine('a')), '--sarif', bench.path('out'))
    await expect(run).rejects.toThrow('a report would overwrite')
    expect(bench.read('lock.json')).not.toBe('')
  })

  test.each<[string, readonly string[]]>([
    ['wrong use', []],
    ['a file out of form', ['--measured', '/dev/null']],
  ])('%s leaves no report of an earlier run behind', async (_name, args) => {
    const bench = open(LOCK)
    const reports = ['--sarif', bench.file('old.sarif', 'old'), '--junit', bench.file('old.xml', 'old')]
    await expect(bench.run(...reports, ...args)).rejects.toThrow()
    expect([bench.path('old.sarif'), bench.path('old.xml')].map(existsSync)).toEqual([false, false])
  })

  test('a gateway that cannot be reached is not performed, and not good', async () => {
    const bench = open(LOCK)
    const { exit, out } = await bench.run('--gateway', 'http://127.0.0.1:9', '--json')
    expect([exit, JSON.parse(out).subjects.at(-1)]).toMatchObject([3, { code: 'CHECK_NOT_PERFORMED' }])
  })

  test('an older policy than the lock asks for is refused', async () => {
    const bench = open({ ...LOCK, minimumPolicyRevision: 2 })
    const { exit, out } = await bench.run('--measured', bench.file('rows', measuredLine('a')), '--json')
    expect([exit, JSON.parse(out).subjects[0].code]).toEqual([1, 'POLICY_ROLLBACK'])
  })
})
