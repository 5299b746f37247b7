/** `countersign ci`: who built it, and who approved its pin. */
import { afterEach, describe, expect, test } from 'vitest'
import { encodeLock, type Lock } from '../../src/core/lock.ts'
import { createSigstore, IDENTITY, ISSUER } from '../kit/sigstore.ts'
import {
  APPROVAL_DUE,
  APPROVER,
  type Bench,
  createBench,
  digest,
  lockOf,
  measuredLine,
  releaseOf,
  row,
  SLSA,
  SUMMARY,
  statementOn,
} from './bench.ts'

const SIGSTORE = await createSigstore()
const LOCK = lockOf(
  row('a', { provenance: { issuer: ISSUER, identity: IDENTITY, bundle: digest('1'), subject: digest('2') } }),
)
const PASSED = { verificationResult: 'PASSED' }

let bench: Bench | undefined
afterEach(() => bench?.close())

interface Approved {
  readonly lock?: Lock
  readonly identity?: string
  readonly issuer?: string
  readonly about?: Uint8Array
  readonly type?: string
  readonly predicate?: Readonly<Record<string, unknown>>
  readonly policy?: Readonly<Record<string, unknown>>
  readonly args?: (bench: Bench) => readonly string[]
}

/** Code of the subject `policy and lock`, or `ok`. */
async function decided(given: Approved = {}): Promise<string> {
  const { lock = LOCK, policy = APPROVAL_DUE, about = Buffer.from(encodeLock(lock)), args = () => [] } = given
  const { identity = APPROVER, issuer = ISSUER, type = SUMMARY, predicate = PASSED } = given
  bench = createBench(lock, policy)
  const payload = statementOn(about, type, predicate)
  bench.file('lock.json.sigstore.json', JSON.stringify(await SIGSTORE.sign({ payload, identity, issuer })))
  const root = bench.file('root.json', SIGSTORE.trustedRoot)
  const rows = bench.file('rows', measuredLine('a'))
  const { out } = await bench.run('--measured', rows, '--trusted-root', root, '--json', ...args(bench))
  const [files] = JSON.parse(out).subjects
  return files.verified ? 'ok' : files.code
}

describe('approval of a lock', () => {
  test('by somebody who builds nothing passes', async () => {
    expect(await decided()).toBe('ok')
  })

  test.each<[string, string]>([
    ['identity', IDENTITY],
    ['workflow at another ref', IDENTITY.replace('refs/heads/main', 'refs/tags/v1')],
    ['repository, by another workflow', IDENTITY.replace('sign.yaml', 'approve.yaml')],
    ['repository in other letters', IDENTITY.replace('example/models/.github', 'Example/Models/.GitHub')],
    ['repository by http', IDENTITY.replace('https:', 'http:')],
    ['repository with a slash more', IDENTITY.replace('/.github', '//.github')],
    ['name with a slash at its end', `${IDENTITY}/`],
  ])('[B6] by the %s that built it, though policy names it as an approver', async (_name, identity) => {
    const policy = { lockApproval: { approvers: [{ issuer: ISSUER, identity }] } }
    expect(await decided({ identity, policy })).toBe('PIN_SELF_APPROVED')
  })

  test('[B6] by the builder of one row among others', async () => {
    const lock = lockOf(row('b'), ...LOCK.rows, row('9', { status: 'revoked' }))
    const policy = { lockApproval: { approvers: [{ issuer: ISSUER, identity: IDENTITY }] } }
    expect(await decided({ lock, identity: IDENTITY, policy })).toBe('PIN_SELF_APPROVED')
  })

  test('[B6] by the builder that this run names, though the lock does not say who built it', async () => {
    const args = (files: Bench): readonly string[] => [
      ...['--provenance', files.file('bundle.json', '{}'), '--measurements', files.file('list.json', releaseOf('a'))],
      ...['--issuer', ISSUER, '--identity', APPROVER],
    ]
    expect(await decided({ lock: lockOf(row('a')), args })).toBe('PIN_SELF_APPROVED')
    expect(await decided({ lock: lockOf(row('a')) })).toBe('ok')
  })

  test.each<[string, Approved, string]>([
    ['by somebody whom policy does not name', { identity: `${APPROVER}-evil` }, 'PROVENANCE_IDENTITY'],
    ['by the same name of another issuer', { issuer: 'https://issuer.example' }, 'PROVENANCE_ISSUER'],
    ['of another lock', { about: Buffer.from(encodeLock(lockOf(row('b')))) }, 'PROVENANCE_DIGEST'],
    ['of the lock with one blank more', { about: Buffer.from(`${encodeLock(LOCK)} `) }, 'PROVENANCE_DIGEST'],
    ['that says FAILED', { predicate: { verificationResult: 'FAILED' } }, 'PROVENANCE_FORMAT'],
    ['that says nothing', { predicate: {} }, 'PROVENANCE_FORMAT'],
    ['that is provenance of a build', { type: SLSA }, 'PROVENANCE_FORMAT'],
  ])('[B6] %s counts for nothing', async (_name, given, code) => {
    expect(await decided(given)).toBe(code)
  })

  test('[B6] that is absent, where policy asks for one, is not performed', async () => {
    bench = createBench(LOCK, APPROVAL_DUE)
    const { exit, out } = await bench.run('--measured', bench.file('rows', measuredLine('a')))
    expect(exit).toBe(3)
    expect(out).toContain('lock.json.sigstore.json: give the approval with --approval FILE')
  })

  test('[B6] without a root nobody can say whose signatures count', async () => {
    bench = createBench(LOCK, APPROVAL_DUE)
    bench.file('lock.json.sigstore.json', '{}')
    const { exit, out } = await bench.run('--measured', bench.file('rows', measuredLine('a')))
    expect([exit, out]).toEqual([3, expect.stringContaining('--trusted-root')])
  })
})

describe('provenance', () => {
  const args = async (files: Bench, release: Uint8Array, builder = IDENTITY): Promise<readonly string[]> => {
    const signed = await SIGSTORE.sign({ payload: statementOn(release, SLSA) })
    return [
      ...['--provenance', files.file('bundle.json', JSON.stringify(signed))],
      ...['--measurements', files.file('measurements.json', release)],
      ...['--trusted-root', files.file('root.json', SIGSTORE.trustedRoot)],
      ...['--issuer', ISSUER, '--identity', builder],
    ]
  }

  test.each<[string, readonly string[], string, number]>([
    ['of all that was rebuilt', ['a', 'b'], IDENTITY, 0],
    ['[B2] that lacks one that was rebuilt', ['a', '9'], IDENTITY, 1],
    ['[B1] by another builder', ['a', 'b'], `${IDENTITY}-evil`, 1],
  ])('%s', async (_name, letters, builder, due) => {
    bench = createBench(lockOf(row('a'), row('b')))
    const rows = bench.file('rows', measuredLine('a') + measuredLine('b'))
    const { exit } = await bench.run('--measured', rows, ...(await args(bench, releaseOf(...letters), builder)))
    expect(exit).toBe(due)
  })

  test('[B2] of a lock of which no row is in force proves nothing', async () => {
    bench = createBench(
      lockOf(row('a', { status: 'revoked' }), row('b', { notAfter: new Date('2026-11-20T00:00:00Z') })),
    )
    const given = await args(bench, releaseOf('a', 'b'))
    expect((await bench.run(...given)).exit).toBe(3)
    expect((await bench.run(...given, '--require', 'active')).exit).toBe(3)
  })

  test.each<[string, readonly string[], number]>([
    ['of each row in force', ['a', 'b'], 0],
    ['[B2] that lacks a row in force', ['a'], 1],
  ])('%s, where nothing was rebuilt and nothing runs', async (_name, letters, due) => {
    bench = createBench(lockOf(row('a'), row('b', { status: 'next' }), row('7', { status: 'revoked' })))
    expect((await bench.run(...(await args(bench, releaseOf(...letters))))).exit).toBe(due)
  })
})
