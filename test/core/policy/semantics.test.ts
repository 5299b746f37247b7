/** What a policy and a lock mean over time and whatever the environment: old policies, retired rows, clocks, switches that do not exist. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { BUILT_AT } from '../../../src/core/build-date.ts'
import { decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { challengeAnchor, type Trust, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { failureOf } from '../../kit/failure-of.ts'

const FOLDER = join('attestation-fixtures', 'challenge', 'challenge')
const vector = JSON.parse(readFileSync(join(FOLDER, 'vector.json'), 'utf8'))
const archive = decodeArchive(new Uint8Array(readFileSync(join(FOLDER, 'archive.cmw.json'))))
const at = new Date(vector.at)

const trustOf = (change: { policy?: object; lock?: object; row?: object } = {}): Trust => ({
  policy: decodePolicy(JSON.stringify({ ...vector.policy, ...change.policy })),
  lock: decodeLock(
    JSON.stringify({ ...vector.lock, rows: [{ ...vector.lock.rows[0], ...change.row }], ...change.lock }),
  ),
})

const judge = (trust: Trust, { judgedAt = at, noncedAt = new Date(vector.noncedAt) } = {}) =>
  verifyAttestation(
    archive,
    trust,
    challengeAnchor({ nonce: decodeBase64Url(vector.nonce), noncedAt, at: judgedAt, proof: archive.proof }),
  )

describe('a policy over time', () => {
  it('passes at the least revision that the lock names', async () => {
    expect(await judge(trustOf({ policy: { revision: 7 }, lock: { minimumPolicyRevision: 7 } }))).toMatchObject({
      ok: true,
    })
  })

  it('[P5] rejects a policy that is older than the lock names', async () => {
    const verdict = await judge(trustOf({ policy: { revision: 6 }, lock: { minimumPolicyRevision: 7 } }))
    expect(verdict).toMatchObject({ ok: false, code: 'POLICY_ROLLBACK' })
    expect(verdict.checks[0]).toMatchObject({ name: 'policy-revision', seen: '6', wanted: 'at least 7' })
  })

  it('passes in the last second of a row, and [P5] rejects it after', async () => {
    const lastDay = vector.at.replace('.000Z', 'Z')
    const before = new Date(at.getTime() - 1000).toISOString().replace('.000Z', 'Z')
    expect(await judge(trustOf({ row: { notAfter: lastDay } }))).toMatchObject({ ok: true })
    expect(await judge(trustOf({ row: { notAfter: before } }))).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_RETIRED',
    })
  })

  it('[P5] rejects measured code past its last day', async () => {
    expect(await judge(trustOf({ row: { notAfter: '2026-12-31T00:00:00Z' } }))).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_RETIRED',
    })
  })

  it('[P5] rejects measured code that is revoked', async () => {
    expect(await judge(trustOf({ row: { status: 'revoked' } }))).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_RETIRED',
    })
  })
})

describe('a lock', () => {
  it('[P3] rejects one tuple that is in force by one row and revoked by another', () => {
    const [row] = vector.lock.rows
    const text = JSON.stringify({ ...vector.lock, rows: [row, { ...row, status: 'revoked' }] })
    expect(failureOf(() => decodeLock(text))).toBe('POLICY_INVALID')
  })
})

describe('the clock of a live judgement', () => {
  it('[P10] rejects a clock that stands before this software was made', async () => {
    const judgedAt = new Date(BUILT_AT.getTime() - 1000)
    expect(await judge(trustOf(), { judgedAt, noncedAt: judgedAt })).toMatchObject({
      ok: false,
      code: 'CLOCK_IMPLAUSIBLE',
    })
  })

  it('lets old evidence be judged as of its own time, since no clock says that', async () => {
    const unchecked = trustOf({ policy: { audit: { time: 'unchecked', witnesses: 'unchecked' } } })
    const verdict = await verifyAttestation(archive, unchecked, { source: 'as-given', at: new Date('2020-01-01') })
    expect(verdict.checks.find(({ name }) => name === 'clock')).toMatchObject({
      status: 'not-performed',
      required: false,
    })
    expect(verdict).not.toMatchObject({ code: 'CLOCK_IMPLAUSIBLE' })
  })
})

/** Names by which other software is told to look away. */
const SWITCHES = [
  ...['INSECURE', 'SKIP_VERIFY', 'NO_VERIFY', 'VERIFY', 'VERIFY_DISABLED', 'DISABLE_CHECKS', 'ALLOW_DEBUG'],
  ...['ALLOW_SIMULATED', 'TRUST_ALL', 'DEBUG', 'DEV', 'DEVELOPMENT', 'TEST', 'CI', 'MOCK', 'DRY_RUN', 'OFFLINE'],
  ...['NODE_ENV', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'SSL_CERT_FILE'],
  ...['COUNTERSIGN_INSECURE', 'COUNTERSIGN_SKIP_VERIFY', 'COUNTERSIGN_ALLOW_DEBUG', 'COUNTERSIGN_ALLOW_SIMULATED'],
  ...['COUNTERSIGN_ROOTS', 'COUNTERSIGN_POLICY', 'COUNTERSIGN_TIME', 'COUNTERSIGN_TRUST', 'COUNTERSIGN_DEV'],
] as const

describe('the environment', () => {
  const kept = { ...process.env }
  afterEach(() => {
    process.env = { ...kept }
  })

  it('[P11] turns no check off: thirty plausible switches change no verdict', async () => {
    expect(SWITCHES.length).toBeGreaterThanOrEqual(30)
    const untrusted = trustOf({ policy: { dangerouslyTrustSimulatedRoots: [] } })
    const stale = { noncedAt: new Date(at.getTime() - 10_000_000) }
    const before = [await judge(trustOf()), await judge(untrusted), await judge(trustOf(), stale)]
    for (const value of ['1', 'true', '0', 'development']) {
      for (const name of SWITCHES) process.env[name] = value
      expect([await judge(trustOf()), await judge(untrusted), await judge(trustOf(), stale)]).toEqual(before)
    }
    expect(before.map((verdict) => (verdict.ok ? 'ok' : verdict.code))).toEqual([
      'ok',
      'SIMULATED_EVIDENCE',
      'EVIDENCE_STALE',
    ])
  })

  it('[P11] is not read by the verifier at all', () => {
    const sources = readdirSync('src/core', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    expect(sources.length).toBeGreaterThan(100)
    for (const file of sources)
      expect(/process\.env|import\.meta\.env/.test(readFileSync(join('src/core', file), 'utf8')), file).toBe(false)
  })
})
