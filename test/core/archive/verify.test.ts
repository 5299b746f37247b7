/** An archive judged offline: as of its own time, now beside it, and both as claims of an attestation result. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Archive, decodeArchive, encodeEar, verifyArchive } from '../../../src/core/archive/index.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import type { Trust } from '../../../src/core/evidence/attestation.ts'
import { decodeStatement } from '../../../src/core/evidence/statement.ts'
import type { Policy } from '../../../src/core/policy.ts'
import type { HeldExchange } from '../../../src/core/receipt/verify.ts'
import { readFixture } from '../receipt/fixture.ts'

const archiveOf = (name: string): Archive =>
  decodeArchive(new Uint8Array(readFileSync(`attestation-fixtures/answer/${name}/archive.cmw.json`)))
const WITNESSED_AT = '2027-01-15T08:00:09.000Z'
const NOW = new Date('2027-01-20T00:00:00Z')
const UNPROVEN: Partial<Policy> = { grade: 'signed', audit: { time: 'unchecked', witnesses: 'unchecked' } }

/** A person who only has the archive. */
const UNASKED = { policy: UNPROVEN, held: { nonce: 'unchecked' } } as const
const STATED_AT = new Date(decodeStatement(archiveOf('quoted').statement).iat * 1000)

interface Changed {
  readonly policy?: Partial<Policy>
  readonly held?: Partial<HeldExchange>
  readonly archive?: Partial<Archive>
  readonly now?: Date
  readonly at?: Date
  readonly lock?: Trust['lock']
}

async function judge(name: string, { policy = {}, held = {}, archive = {}, now = NOW, ...rest }: Changed = {}) {
  const fixture = readFixture(name)
  const { lock = fixture.trust.lock, at } = rest
  const trust = { policy: { ...fixture.trust.policy, ...policy }, lock }
  const judged = { ...archiveOf(name), ...archive }
  const times = at === undefined ? { now } : { now, at }
  const verdicts = await verifyArchive(judged, { ...fixture.held, ...held }, trust, times)
  return { ...verdicts, ear: encodeEar(verdicts, { archive: judged, trust, now, build: 'countersign 0.1.0' }) }
}

function claimsOf(ear: JsonObject): object {
  const { submods } = ear
  return Object.values(Object(submods))[0] ?? {}
}

describe('an archive as of its own time', () => {
  it('is judged when witnesses saw its quote, whatever the clock says', async () => {
    const { asOf, now } = await judge('witnessed', { at: new Date('2030-01-01T00:00:00Z') })
    expect(asOf).toMatchObject({
      ok: true,
      value: { grade: 'witnessed', attestation: { time: 'witnessed', judgedAt: new Date(WITNESSED_AT) } },
    })
    expect(now.ok).toBe(true)
  })

  it('is judged at the time given where nothing proves one, and says so', async () => {
    const at = new Date('2027-01-15T08:00:02Z')
    const { asOf } = await judge('quoted', { policy: UNPROVEN, held: { nonce: 'unchecked' }, at })
    expect(asOf).toMatchObject({ ok: true, value: { attestation: { time: 'as-given', judgedAt: at } } })
  })

  it('is judged by its statement where nobody gives a time, years later too, and says that this is self-asserted', async () => {
    const { asOf, ear } = await judge('quoted', { ...UNASKED, now: new Date('2030-01-01T00:00:00Z') })
    expect(asOf).toMatchObject({ ok: true, value: { attestation: { time: 'statement', judgedAt: STATED_AT } } })
    expect(asOf.checks.find(({ name }) => name === 'evidence.time')).toMatchObject({
      status: 'not-performed',
      detail: 'self-asserted: as the statement says, not proven',
    })
    expect(ear).toMatchObject({ 'urn:countersign:ear:1': { as_of: { verified: true, source: 'statement' } } })
  })

  it('believes no statement that is dated ahead of the verifier', async () => {
    const { asOf } = await judge('quoted', { ...UNASKED, now: new Date(STATED_AT.getTime() - 301_000) })
    expect(asOf).toMatchObject({ ok: false, code: 'STATEMENT_TIME' })
    const { asOf: within } = await judge('quoted', { ...UNASKED, now: new Date(STATED_AT.getTime() - 300_000) })
    expect(within.ok).toBe(true)
  })

  it.each(['witnessed', 'nitro-document'] as const)(
    'does not take its own word where policy asks for %s',
    async (time) => {
      const policy = { ...UNPROVEN, audit: { time, witnesses: 'unchecked' as const } }
      const { asOf } = await judge('quoted', { ...UNASKED, policy })
      expect(asOf).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
    },
  )

  it('is held to its promise by the clock of the verifier, not by its own', async () => {
    const { proof: _, ...unproven } = archiveOf('quoted')
    const fixture = readFixture('quoted')
    const trust = { ...fixture.trust, policy: { ...fixture.trust.policy, ...UNPROVEN } }
    const held: HeldExchange = { ...fixture.held, nonce: 'unchecked' }
    const { asOf } = await verifyArchive(unproven, held, trust, { now: NOW })
    expect(asOf).toMatchObject({ ok: false, code: 'LOG_MMD_EXCEEDED' })
    const early = await verifyArchive(unproven, held, trust, { now: STATED_AT })
    expect(early.asOf.ok).toBe(true)
  })

  it('proves no time by a nonce that stands in it', async () => {
    const { asOf } = await judge('witnessed-own-nonce', {
      policy: { audit: { time: 'witnessed', witnesses: 'unchecked' } },
    })
    expect(asOf).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
  })

  it('is judged without a receipt too', async () => {
    const { receipt: _, proof: __, ...gateway } = archiveOf('witnessed')
    const fixture = readFixture('witnessed')
    const verdicts = await verifyArchive(gateway, fixture.held, fixture.trust, { now: NOW })
    expect(verdicts).toMatchObject({ subject: 'gateway', asOf: { ok: true, value: { time: 'witnessed' } } })
  })

  it('reads no result that somebody put in', async () => {
    const { asOf } = await judge('r4-signature-fail', {
      archive: { result: new TextEncoder().encode('{"ear_status":"affirming"}') },
    })
    expect(asOf).toMatchObject({ ok: false, code: 'RECEIPT_SIGNATURE' })
  })
})

describe('the same evidence now', () => {
  it('is judged by the lock of today, and decides nothing', async () => {
    const { lock } = readFixture('witnessed').trust
    const rows = lock?.rows.map((row) => ({ ...row, notAfter: new Date('2027-01-16T00:00:00Z') })) ?? []
    const { asOf, now } = await judge('witnessed', { ...(lock && { lock: { ...lock, rows } }) })
    expect(asOf.ok).toBe(true)
    expect(now).toMatchObject({ ok: false, code: 'MEASUREMENT_RETIRED' })
  })

  it('is judged by the certificates of today', async () => {
    const { asOf, now } = await judge('witnessed', { now: new Date('2099-01-01T00:00:00Z') })
    expect(asOf.ok).toBe(true)
    expect(now).toMatchObject({ ok: false, code: 'X509_EXPIRED' })
  })

  it('commits to the statement, or fails', async () => {
    const { statement } = archiveOf('quoted-among-others')
    const { now } = await judge('witnessed', { archive: { statement } })
    expect(now).toMatchObject({ ok: false, code: 'REPORT_DATA_MISMATCH' })
  })
})

describe('an attestation result', () => {
  it('has the claims of the profile, and says that nobody signed it', async () => {
    const { ear } = await judge('witnessed')
    expect(ear).toMatchObject({
      eat_profile: 'tag:ietf.org,2026:rats/ear#03',
      iat: NOW.getTime() / 1000,
      ear_verifier_id: { developer: 'countersign', build: 'countersign 0.1.0' },
      'urn:countersign:ear:1': {
        signed: false,
        simulated: true,
        as_of: { verified: true, time: WITNESSED_AT, source: 'witnessed', grade: 'witnessed' },
        now: { verified: true },
      },
    })
  })

  it('never affirms a simulator', async () => {
    const { ear } = await judge('witnessed')
    expect(claimsOf(ear)).toMatchObject({
      ear_status: 'contraindicated',
      ear_trustworthiness_vector: { hardware: 97, executables: 2, configuration: 2 },
    })
    expect(claimsOf(ear)).not.toHaveProperty('ear_trustworthiness_vector.runtime-opaque')
  })

  it.each([
    ['measurement-fail', { executables: 33 }],
    ['measurement-revoked-fail', { executables: 96 }],
    ['config-unpinned-fail', { configuration: 36 }],
    ['p4-simulated-fail', { hardware: 97 }],
    ['report-data-fail', { hardware: 99 }],
    ['r4-signature-fail', { hardware: 0 }],
  ])('says of %s what its failure shows', async (name, vector) => {
    const { audit } = UNPROVEN
    const at = new Date('2027-01-15T08:00:02Z')
    const { ear, asOf } = await judge(name, { policy: { ...(audit && { audit }) }, at })
    expect(asOf.ok).toBe(false)
    expect(ear['ear_status']).toBe('contraindicated')
    expect(claimsOf(ear)).toMatchObject({ ear_trustworthiness_vector: vector })
  })

  it('names the policy and the lock by digest', async () => {
    const [one, other] = [await judge('witnessed'), await judge('witnessed', { policy: { revision: 2 } })]
    const ids = [one, other].map(({ ear }) => Object(claimsOf(ear))['ear_appraisal_policy_ids'])
    expect(ids[0]).toHaveLength(2)
    expect(ids[0][0]).not.toBe(ids[1][0])
    expect(ids[0][1]).toBe(ids[1][1])
  })
})
