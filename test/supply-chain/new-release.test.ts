/** The example that proposes the pins of a new release, run step by step where policy asks who approved the lock. Sigstore is simulated. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { encodeLock } from '../../src/core/lock.ts'
import {
  APPROVAL_DUE,
  APPROVER,
  type Bench,
  createBench,
  digest,
  lockOf,
  releaseOf,
  row,
  SLSA,
  SUMMARY,
  statementOn,
} from '../ci/bench.ts'
import { type Ran, readJob, runSteps } from '../kit/run-steps.ts'
import { createSigstore, ISSUER } from '../kit/sigstore.ts'

const JOB = readJob('docs/examples/ci/new-release.yml', 'propose')
const TAG = 'v1.2.3'
const BUILDER = `https://github.com/OWNER/countersign/.github/workflows/release.yml@refs/tags/${TAG}`
const SIGSTORE = await createSigstore()
const LOCK = lockOf(row('a'))

/** Stands for GitHub's own: answers with the release that lies here, and keeps what it is asked to open. */
const GH = `#!/usr/bin/env bash
case "$1 $2" in
  'release view') echo "$STUB_TAG" ;;
  'release download') cp -r ../release release ;;
  'pr create') printf '%s\\n' "$@" > ../opened ;;
esac
`

let folder = ''
/** Judges the proposal by the same policy. */
let bench: Bench
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  bench.close()
})

const path = (name: string): string => join(folder, name)
const read = (name: string): string => readFileSync(path(name), 'utf8')
const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: path('checkout'), encoding: 'utf8' })

function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path(name)), { recursive: true })
  writeFileSync(path(name), content)
}

/** A checkout whose lock somebody approved, and a release that `identity` signed. */
async function prepare(identity: string): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'countersign-propose-'))
  bench = createBench(LOCK, APPROVAL_DUE)
  put('checkout/countersign.policy.json', bench.read('policy.json'))
  const published = releaseOf('b')
  put('release/measurements.json', published)
  const built = await SIGSTORE.sign({ payload: statementOn(published, SLSA), identity, issuer: ISSUER })
  put('release/measurements.json.sigstore.json', JSON.stringify(built))
  put('checkout/countersign.lock.json', encodeLock(LOCK))
  put('checkout/countersign.lock.json.sigstore.json', JSON.stringify(await approved(encodeLock(LOCK))))
  put(
    'checkout/deployment.json',
    JSON.stringify({ config: digest('c'), models: [{ name: 'llama', digest: digest('d') }] }),
  )
  put('checkout/trusted_root.json', SIGSTORE.trustedRoot)
  put('checkout/.gitignore', 'node_modules\n')
  put('checkout/node_modules/.bin/countersign', `#!/usr/bin/env bash\nexec node ${resolve('dist/cli/main.js')} "$@"\n`)
  put('bin/gh', GH)
  put('bin/npm', '#!/usr/bin/env bash\n')
  for (const name of ['checkout/node_modules/.bin/countersign', 'bin/gh', 'bin/npm']) chmodSync(path(name), 0o755)
  git('init', '--quiet', '--initial-branch=main')
  git('init', '--quiet', '--bare', path('origin'))
  git('remote', 'add', 'origin', path('origin'))
  git('add', '.')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message=lock')
}

async function approved(lock: string): Promise<object> {
  const payload = statementOn(Buffer.from(lock), SUMMARY, { verificationResult: 'PASSED' })
  return await SIGSTORE.sign({ payload, identity: APPROVER, issuer: ISSUER })
}

function propose(tag: string = TAG): Ran {
  const env = { PATH: `${path('bin')}:${process.env['PATH'] ?? ''}`, STUB_TAG: tag }
  return runSteps(JOB, { folder: path('checkout'), env })
}

test('proposes rows that name their builder; the lock counts when somebody else has approved its new octets', async () => {
  await prepare(BUILDER)
  const { exit, out } = propose()
  expect([exit, out]).toEqual([0, expect.anything()])
  expect(read('opened')).toContain(`pin-${TAG}`)
  expect(read('checkout/body.md')).toMatch(new RegExp(`^Built by \`${BUILDER}\`.*\\n\\n(?: {4}.*\\n)+$`))
  const lock = git('show', `origin/pin-${TAG}:countersign.lock.json`)
  expect(JSON.parse(lock).rows).toMatchObject([
    { status: 'active' },
    { status: 'next', provenance: { identity: BUILDER } },
  ])

  bench.file('lock.json', lock)
  const args = [
    '--measured',
    bench.file('list', releaseOf('b')),
    '--trusted-root',
    bench.file('root', SIGSTORE.trustedRoot),
  ]
  const given = ['--json', ...args, '--approval']
  const decided = async (file: string, approval: string): Promise<unknown> =>
    JSON.parse((await bench.run(...given, bench.file(file, approval))).out).subjects[0].verified
  expect(await decided('old', read('checkout/countersign.lock.json.sigstore.json'))).toBe(false)
  expect(await decided('new', JSON.stringify(await approved(lock)))).toBe(true)
})

test('[B2] proposes nothing that somebody else built', async () => {
  await prepare(BUILDER.replace('release.yml', 'other.yml'))
  const { exit, names } = propose()
  expect([exit, names.at(-1)]).toEqual([1, 'Pin what it measures'])
  expect([existsSync(path('opened')), read('checkout/countersign.lock.json')]).toEqual([false, encodeLock(LOCK)])
})

test('[B3] takes nothing for a tag that is none', async () => {
  await prepare(BUILDER)
  expect(propose('v1.2.3/../../other')).toMatchObject({
    exit: 1,
    names: [expect.anything(), 'Fetch the newest release'],
  })
})
