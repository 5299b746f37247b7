/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { verifyEvidence } from '../../../src/core/evidence/bare.ts'
import { type Lock, type LockRow, matchMeasurements } from '../../../src/core/lock.ts'
import type { Measurements } from '../../../src/core/measurement/measurements.ts'
import { readFixture } from './fixture.ts'

const good = readFixture('challenge')

describe('octets that change while they are judged', () => {
  it('holds the quote against the statement that it decoded', async () => {
    const genuine = good.archive.statement
    const { exp } = JSON.parse(decodeUtf8(genuine))
    const statement = encodeUtf8(decodeUtf8(genuine).replace(`"exp":${exp}`, `"exp":${exp - 1}`))
    const judged = verifyAttestation({ ...good.archive, statement }, good.trust, good.anchor)
    statement.set(genuine)
    expect(await judged).toMatchObject({ ok: false, code: 'REPORT_DATA_MISMATCH' })
  })

  it('takes no notice of what becomes of session and statement once it has them', async () => {
    const session = new Uint8Array(good.archive.session)
    const statement = new Uint8Array(good.archive.statement)
    const judged = verifyAttestation({ ...good.archive, session, statement }, good.trust, good.anchor)
    session.fill(0)
    statement.fill(0)
    expect(await judged).toMatchObject({ ok: true })
  })
})

describe('a policy made by hand', () => {
  const { policy, lock } = good.trust

  it.each(Object.keys(policy))('[P1] fails without %s', async (field) => {
    const trust = { policy: Object.assign({}, policy, { [field]: undefined }), lock }
    expect(await verifyAttestation(good.archive, trust, good.anchor)).toMatchObject({ code: 'POLICY_INCOMPLETE' })
  })

  it.each([
    ['a revision that is no number', { revision: Number.NaN }],
    ['a grade that is none', { grade: 'Quoted' }],
    ['an age without end', { live: { maxAgeSeconds: Number.POSITIVE_INFINITY, channel: 'unchecked' } }],
    ['a root that is no fingerprint', { roots: ['*'] }],
    ['an empty prefix', { origins: [''] }],
  ])('[P3] fails with %s', async (_, change) => {
    const trust = { policy: Object.assign({}, policy, change), lock }
    expect(await verifyAttestation(good.archive, trust, good.anchor)).toMatchObject({ code: 'POLICY_INVALID' })
    const at = good.at
    expect(await verifyEvidence(good.archive.quote, trust, at)).toMatchObject({ code: 'POLICY_INVALID' })
  })
})

describe('a lock', () => {
  const seen: Measurements = { platform: 'snp', measurements: { measurement: '11'.repeat(48) } }
  const row: LockRow = {
    ...seen,
    shape: '-',
    provenance: 'none',
    status: 'active',
    notAfter: 'none',
    config: `sha256:${'22'.repeat(32)}`,
    models: [],
  }
  const lock = (change: object): Lock => ({
    version: 1,
    revision: 1,
    minimumPolicyRevision: 0,
    rows: [Object.assign({}, row, change)],
  })
  const at = new Date('2026-01-01T00:00:00Z')

  it('matches what is in force, to its last instant', () => {
    expect(matchMeasurements(lock({}), { seen, at }).ok).toBe(true)
    expect(matchMeasurements(lock({ status: 'next' }), { seen, at }).ok).toBe(true)
    expect(matchMeasurements(lock({ notAfter: at }), { seen, at }).ok).toBe(true)
    expect(matchMeasurements(lock({ notAfter: new Date(at.getTime() - 1) }), { seen, at })).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_RETIRED',
    })
  })

  it.each([
    ['another word for revoked', { status: 'Revoked' }],
    ['no status', { status: undefined }],
    ['no end', { notAfter: undefined }],
    ['an end that is no date', { notAfter: new Date(Number.NaN) }],
  ])('[P5] made by hand, with %s, is not in force', (_, change) => {
    expect(matchMeasurements(lock(change), { seen, at })).toMatchObject({ ok: false, code: 'MEASUREMENT_RETIRED' })
  })

  it('[P6] does not match the same digits in a register of another platform, nor in upper case', () => {
    const tdx = { mrTd: '11'.repeat(48), rtMr0: '11'.repeat(48), rtMr1: '11'.repeat(48), rtMr2: '11'.repeat(48) }
    const other: Measurements = { platform: 'tdx', measurements: tdx }
    expect(matchMeasurements(lock({}), { seen: other, at })).toMatchObject({ code: 'MEASUREMENT_MISMATCH' })
    const upper = { ...seen, measurements: { measurement: 'AA'.repeat(48) } } as const
    const lower = { ...seen, measurements: { measurement: 'aa'.repeat(48) } } as const
    expect(matchMeasurements(lock(upper), { seen: lower, at })).toMatchObject({ code: 'MEASUREMENT_MISMATCH' })
  })
})
