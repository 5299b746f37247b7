/** The composite action, run step by step as GitHub's runner does, with stand-ins for npm, the compiler and the command line. */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ran, readAction, runSteps } from '../kit/run-steps.ts'

const ACTION = readAction('action.yml')
const CHECK = ['Check']
/** Compiles the stand-in for the command line: it keeps what it is given, and exits as told. */
const COMPILER = `#!/usr/bin/env bash
mkdir -p dist/cli
cat > dist/cli/main.js <<'END'
const { appendFileSync, writeFileSync } = require('node:fs')
const args = process.argv.slice(2)
writeFileSync('seen.json', JSON.stringify(args))
for (const arg of args) if (arg.startsWith('--summary=')) appendFileSync(arg.slice(10), 'judged')
process.exit(Number(process.env.STUB_EXIT ?? 0))
END
echo "$@" > compiled
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-action-'))
  put('action/node_modules/.bin/tsc', COMPILER)
  put('bin/npm', '#!/usr/bin/env bash\necho "$@" > installed\n')
  cpSync('action', join(folder, 'action/action'), { recursive: true })
  mkdirSync(join(folder, 'checkout'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(name: string, content: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
  chmodSync(join(folder, name), 0o755)
}

const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

type Texts = Readonly<Record<string, string>>

function run(inputs: Texts, env: Texts = {}, only?: readonly string[]): Ran {
  const path = `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`
  const around = { PATH: path, GITHUB_ACTION_PATH: join(folder, 'action'), ...env }
  return runSteps(ACTION, { folder: join(folder, 'checkout'), inputs, env: around, ...(only && { only }) })
}

describe('the action', () => {
  test('builds itself at its own place, then judges in the checkout, and says how it came out', () => {
    const { exit, names, outputs, summary } = run({ gateway: 'https://gw.example.com' })
    expect([exit, names, outputs, summary]).toEqual([
      0,
      ['Build Countersign', 'Check'],
      { result: 'verified' },
      'judged',
    ])
    expect(read('action/installed')).toBe('ci --include=dev --ignore-scripts --no-audit --no-fund\n')
    expect(read('action/compiled')).toBe('-p tsconfig.build.json\n')
    expect(JSON.parse(read('checkout/seen.json'))).toEqual([
      'ci',
      '--policy=countersign.policy.json',
      '--lock=countersign.lock.json',
      '--gateway=https://gw.example.com',
      '--sarif=countersign.sarif',
      '--junit=countersign-junit.xml',
      expect.stringMatching(/^--summary=/),
    ])
  })

  test('does not judge by what could not be built', () => {
    put('bin/npm', '#!/usr/bin/env bash\nexit 1\n')
    put('action/dist/cli/main.js', '')
    expect(run({ gateway: 'https://gw.example.com' })).toMatchObject({ exit: 1, names: ['Build Countersign'] })
  })

  test('takes no other command line from the environment, nor another place for its summary', () => {
    run({ gateway: 'https://gw.example.com' })
    put('always-good.js', '')
    const good = { COUNTERSIGN_CLI: join(folder, 'always-good.js'), COUNTERSIGN_SUMMARY: '/dev/null' }
    const { exit, outputs, summary } = run({ gateway: 'https://gw.example.com' }, { ...good, STUB_EXIT: '1' }, CHECK)
    expect([exit, outputs, summary]).toEqual([1, { result: 'not-verified' }, 'judged'])
  })

  test('takes no input from the environment', () => {
    run({ gateway: 'https://gw.example.com' }, { COUNTERSIGN_REVOCATIONS: 'other', COUNTERSIGN_FAIL_ON: 'failed' })
    expect(read('checkout/seen.json')).not.toContain('other')
  })

  test.each(['gateway', 'policy', 'fail-on'])('fails where %s is a secret or variable that is not there', (name) => {
    put('action/dist/cli/main.js', '')
    const { exit, outputs } = run({ measured: 'rows', [name]: '' }, {}, CHECK)
    expect([exit, outputs]).toEqual([2, { result: 'usage' }])
    expect(existsSync(join(folder, 'checkout/seen.json'))).toBe(false)
  })
})
