/** action/check.sh: what it hands on, what it makes of the exit code, and that nothing given to it becomes a command. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const SCRIPT = resolve('action/check.sh')
/** Stands for the command line: keeps what it was given, prints a line of the runner's language, exits as told. */
const STUB = `import { readFileSync, writeFileSync } from 'node:fs'
const args = process.argv.slice(2)
if (args[0] === 'measure') console.log(JSON.stringify({ measured: args.slice(1) }))
else {
  const files = args.filter((arg) => arg.startsWith('--measured=')).map((arg) => readFileSync(arg.slice(11), 'utf8'))
  writeFileSync('seen.json', JSON.stringify({ args, files }))
  console.log('::add-mask::x')
  process.exit(Number(process.env.STUB_EXIT ?? 0))
}
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-check-'))
  writeFileSync(join(folder, 'stub.mjs'), STUB)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly exit: number | null
  readonly out: string
  readonly err: string
  readonly args: readonly string[]
  readonly files: readonly string[]
}

function run(env: Readonly<Record<string, string>>): Ran {
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', COUNTERSIGN_CLI: join(folder, 'stub.mjs'), ...env },
  })
  const file = join(folder, 'seen.json')
  const seen = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { args: [], files: [] }
  return { exit: status, out: stdout, err: stderr, ...seen }
}

describe('action/check.sh', () => {
  test('hands on what is given, each in one word with its name', () => {
    const { args } = run({
      COUNTERSIGN_POLICY: 'a policy.json',
      COUNTERSIGN_LOCK: '--json',
      COUNTERSIGN_GATEWAY: 'https://one.example\nhttps://two.example\n',
      COUNTERSIGN_PROVENANCE: 'not-given',
      COUNTERSIGN_TRUSTED_ROOT: 'root.json',
      GITHUB_STEP_SUMMARY: 'summary.md',
    })
    expect(args).toEqual([
      'ci',
      '--policy=a policy.json',
      '--lock=--json',
      '--gateway=https://one.example',
      '--gateway=https://two.example',
      '--trusted-root=root.json',
      '--summary=summary.md',
    ])
  })

  test.each(['$(touch evil)', '`touch evil`', '"; touch evil; "', "'; touch evil; '", '*', '\\'])(
    '[B3] %s in a value stays a value',
    (value) => {
      const { args } = run({ COUNTERSIGN_IDENTITY: value, COUNTERSIGN_GATEWAY: value, COUNTERSIGN_LOCK: value })
      expect(args).toEqual(['ci', `--lock=${value}`, `--gateway=${value}`, `--identity=${value}`])
      expect(existsSync(join(folder, 'evil'))).toBe(false)
    },
  )

  test('rebuilds, then measures with the same command line, and asks for every active row', () => {
    const { args, files } = run({
      COUNTERSIGN_BUILD: 'echo built > image',
      COUNTERSIGN_MEASURE: 'countersign measure "$(cat image)" one\n  countersign measure two',
      COUNTERSIGN_MEASURED: 'image',
    })
    expect(files).toEqual(['{"measured":["built","one"]}\n', '{"measured":["two"]}\n', 'built\n'])
    expect(args).toContain('--require=active')
  })

  test('a command that reads its input does not take away the next ones', () => {
    const { files } = run({ COUNTERSIGN_MEASURE: 'cat; countersign measure one\ncountersign measure two' })
    expect(files).toEqual(['{"measured":["one"]}\n', '{"measured":["two"]}\n'])
  })

  test('a command that begins with a dash is no option of the shell', () => {
    const { exit, args } = run({ COUNTERSIGN_MEASURE: '-n' })
    expect([exit, args]).toEqual([127, []])
  })

  test.each([
    '',
    ' ',
    '\n',
    'https://one.example\n\n',
    '\nhttps://two.example',
    'https://one.example\n \nhttps://two.example',
  ])('[B3] refuses the addresses %j: one of them is a secret or variable that is not there', (value) => {
    const { exit, args } = run({ COUNTERSIGN_MEASURED: 'rows', COUNTERSIGN_GATEWAY: value })
    expect([exit, args]).toEqual([2, []])
  })

  test.each(['countersign.lock.json', 'countersign.lock.json.sigstore.json'])(
    '[B6] refuses a build that writes %s, whether it was there or not',
    (name) => {
      const build = {
        COUNTERSIGN_BUILD: `echo pinned > ${name}`,
        COUNTERSIGN_MEASURED: 'rows',
      }
      expect(run(build)).toMatchObject({ exit: 2, args: [] })
      writeFileSync(join(folder, name), 'reviewed\n')
      expect(run(build)).toMatchObject({ exit: 2, args: [] })
      writeFileSync(join(folder, 'rows'), '')
      writeFileSync(join(folder, name), 'pinned\n')
      expect(run(build).args).toContain('--measured=rows')
    },
  )

  test('leaves no report behind that another run wrote, or whoever proposes the change', () => {
    for (const name of ['old.sarif', 'green.sarif']) writeFileSync(join(folder, name), 'green')
    symlinkSync('green.sarif', join(folder, 'old.xml'))
    const reports = { COUNTERSIGN_SARIF: 'old.sarif', COUNTERSIGN_JUNIT: 'old.xml' }
    const { exit } = run({ ...reports, COUNTERSIGN_BUILD: 'false', COUNTERSIGN_MEASURED: 'rows' })
    expect(exit).toBe(1)
    expect(['old.sarif', 'old.xml', 'green.sarif'].map((name) => existsSync(join(folder, name)))).toEqual([
      false,
      false,
      true,
    ])
  })

  test('removes no pin where a report is to be written over it', () => {
    writeFileSync(join(folder, 'countersign.lock.json'), '')
    symlinkSync('countersign.lock.json', join(folder, 'rows'))
    for (const name of ['countersign.lock.json', './rows'])
      expect(run({ COUNTERSIGN_SARIF: name, COUNTERSIGN_MEASURED: 'rows' })).toMatchObject({ exit: 2, args: [] })
    expect(existsSync(join(folder, 'countersign.lock.json'))).toBe(true)
  })

  test('says how it came out though it stops before anything is judged', () => {
    const output = join(folder, 'output')
    run({ COUNTERSIGN_BUILD: 'false', COUNTERSIGN_MEASURED: 'rows', GITHUB_OUTPUT: output })
    expect(readFileSync(output, 'utf8')).toBe('result=usage\n')
  })

  test('refuses a build of which nothing is measured: it would compare nothing', () => {
    const { exit, args } = run({ COUNTERSIGN_BUILD: 'true', COUNTERSIGN_GATEWAY: 'https://gw.example.com' })
    expect([exit, args]).toEqual([2, []])
  })

  test.each([
    ['a build', { COUNTERSIGN_BUILD: 'false' }],
    ['a part of a build', { COUNTERSIGN_BUILD: 'false | cat; true' }],
    ['a measurement', { COUNTERSIGN_MEASURE: 'false\ncountersign measure two' }],
  ])('stops where %s fails, and judges nothing', (_name, env) => {
    const { exit, args } = run(env)
    expect(exit).not.toBe(0)
    expect(args).toEqual([])
  })

  test.each<[string, string, number, string]>([
    ['0', 'not-performed', 0, 'verified'],
    ['1', 'not-performed', 1, 'not-verified'],
    ['1', 'failed', 1, 'not-verified'],
    ['2', 'failed', 2, 'usage'],
    ['3', 'not-performed', 3, 'not-performed'],
    ['3', 'failed', 0, 'not-performed'],
    ['134', 'failed', 134, 'usage'],
  ])('exit %s under fail-on %s comes to %i and says %s', (given, failOn, due, result) => {
    const output = join(folder, 'output')
    const { exit } = run({ STUB_EXIT: given, COUNTERSIGN_FAIL_ON: failOn, GITHUB_OUTPUT: output })
    expect([exit, readFileSync(output, 'utf8')]).toEqual([due, `result=${result}\n`])
  })

  test('commands that a gateway wrote do not reach the runner', () => {
    const { out } = run({ GITHUB_ACTIONS: 'true' })
    expect(out).toMatch(/^::stop-commands::([0-9a-f]{32})\n::add-mask::x\n::\1::\n$/)
    expect(run({ GITHUB_ACTIONS: 'true' }).out).not.toBe(out)
  })

  test.each([
    ['fail-on that it does not know', { COUNTERSIGN_FAIL_ON: 'never' }],
    ['a command line that is not built', { COUNTERSIGN_CLI: '/nowhere/main.js' }],
  ])('refuses %s', (_name, env) => {
    const { exit, args } = run(env)
    expect([exit, args]).toEqual([2, []])
  })
})
