/** Lists of revocations as data: each kind of entry, and each way in which a list counts for nothing. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { provenChips } from '../../../src/core/evidence/chip.ts'
import type { RevocationPolicy } from '../../../src/core/policy.ts'
import { decodeRevocationList, openRevocations } from '../../../src/core/revocation/index.ts'
import { assertVerified } from '../../../src/core/verdict.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { judgeFixture, readFixture } from '../receipt/fixture.ts'

interface Vector {
  readonly name: string
  readonly revocations: RevocationPolicy
  readonly now: string
  readonly atLeast: number
  readonly list: string
  readonly expect: { readonly ok: boolean; readonly code?: string; readonly check?: string }
}

const { cases }: { readonly cases: readonly Vector[] } = JSON.parse(
  readFileSync('attestation-fixtures/revocation/vectors.json', 'utf8'),
)
const subject = readFixture('quoted')
const [good] = cases

async function judge({ revocations, list, now, atLeast }: Vector) {
  const { judge: given } = await openRevocations(list, revocations.keys, { now: () => new Date(now), atLeast })
  const { policy } = subject.trust
  return judgeFixture({
    ...subject,
    trust: { ...subject.trust, policy: { ...policy, revocations }, revocations: given },
  })
}

describe('a list of revocations', () => {
  it.each(cases)('$name', async (vector) => {
    const verdict = await judge(vector)
    const failed = verdict.checks.find(({ status }) => status === 'fail')
    expect(verdict.ok ? 'ok' : verdict.code).toBe(vector.expect.code ?? 'ok')
    if (vector.expect.check !== undefined) expect(failed?.name).toBe(vector.expect.check)
    if (vector.expect.ok)
      for (const name of ['revocation', 'evidence.revocation'])
        expect(verdict.checks.find((check) => check.name === name)).toMatchObject({ status: 'pass', required: true })
  })

  it('gives the reason of the publisher', async () => {
    const revoked = cases.find(({ name }) => name === 'a revoked chip')
    if (revoked === undefined) throw new Error('no such vector')
    const { checks } = await judge(revoked)
    expect(checks.find(({ code }) => code === 'REVOKED')?.detail).toBe('machine: chip was opened')
  })

  it('that policy asks for and nobody gave is not performed, and nothing passes without', async () => {
    if (good === undefined) throw new Error('no vector')
    const policy = { ...subject.trust.policy, revocations: good.revocations }
    const verdict = await judgeFixture({ ...subject, trust: { ...subject.trust, policy } })
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(verdict.checks.find(({ name }) => name === 'evidence.revocation')).toMatchObject({
      status: 'not-performed',
      required: true,
    })
  })

  it('is judged by the keys of the policy, whatever keys it was opened with', async () => {
    if (good === undefined) throw new Error('no vector')
    const [, other] = good.revocations.keys
    const { judge: given } = await openRevocations(good.list, good.revocations.keys, {
      now: () => new Date(good.now),
      atLeast: 0,
    })
    const revocations = { ...good.revocations, keys: [other ?? ''] }
    const policy = { ...subject.trust.policy, revocations }
    expect(await judgeFixture({ ...subject, trust: { ...subject.trust, policy, revocations: given } })).toMatchObject({
      code: 'REVOCATIONS_SIGNATURE',
    })
  })

  it('is not asked for where policy says so, and the verdict shows it', async () => {
    const { checks } = await judgeFixture(subject)
    expect(checks.find(({ name }) => name === 'evidence.revocation')).toMatchObject({
      status: 'not-performed',
      required: false,
    })
  })

  it('names the chip that a report proves', async () => {
    const { attestation } = assertVerified(await judgeFixture(subject))
    expect(provenChips(attestation.hardware)).toEqual([expect.stringMatching(/^[0-9a-f]{128}$/)])
  })
})

describe('the content of a list', () => {
  const [, payload = ''] = good?.list.split('.') ?? []
  const content = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const decode = (change: object) => failureOf(() => decodeRevocationList(JSON.stringify({ ...content, ...change })))

  it.each([
    ['another version', { version: 2 }, 'POLICY_INVALID'],
    ['an unknown member', { note: '' }, 'POLICY_UNKNOWN_KEY'],
    ['no list of boots', { boots: undefined }, 'POLICY_INCOMPLETE'],
    ['an end before its beginning', { expiresAt: '2027-01-14T00:00:00Z' }, 'POLICY_INVALID'],
    ['a beginning that is no date', { issuedAt: '2026-02-30T00:00:00Z' }, 'POLICY_INVALID'],
    ['an end that is no date', { expiresAt: '2027-02-30T00:00:00Z' }, 'POLICY_INVALID'],
    ['an entry without a reason', { models: [{ digest: `sha256:${'0'.repeat(64)}` }] }, 'POLICY_INCOMPLETE'],
    ['a model by a pattern', { models: [{ digest: '*', reason: 'x' }] }, 'POLICY_INVALID'],
    ['a chip of another form', { chips: [{ platform: 'tdx', id: '00', reason: 'x' }] }, 'POLICY_INVALID'],
    [
      'half a measurement',
      { measurements: [{ platform: 'tdx', measurements: { mrTd: '00'.repeat(48) }, reason: 'x' }] },
      'POLICY_INCOMPLETE',
    ],
  ])('is refused with %s', (_, change, code) => {
    expect(decode(change)).toBe(code)
  })
})
