/** Every fixture of an answered challenge gives exactly its verdict. */
import { describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../../src/core/evidence/bare.ts'
import { measurementsOf } from '../../../src/core/evidence/hardware.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describe('fixtures of challenges', () => {
  for (const fixture of fixtureNames().map(readFixture)) {
    it(`[${fixture.row}] ${fixture.expect.ok ? 'accepts' : 'rejects'} ${fixture.title} (${fixture.name})`, async () => {
      const verdict = await judgeFixture(fixture)
      expect(
        verdict.ok ? { ok: true } : { ok: false, code: verdict.code },
        JSON.stringify(verdict.checks, null, 1),
      ).toEqual(fixture.expect)
    })
  }

  it('shows the configuration as hardware only where HOST_DATA carries it, and the effective expiry', async () => {
    const verdict = await judgeFixture(readFixture('challenge'))
    expect(verdict.ok && verdict.value).toMatchObject({
      configuration: { source: 'hardware' },
      time: 'nonce',
      expiresAt: new Date('2027-01-15T09:00:00Z'),
    })
  })
})

describe('bare evidence', () => {
  const unanchored = { audit: { time: 'unchecked', witnesses: 'unchecked' } } as const

  it('verifies with its certificates at a time that policy lets be given', async () => {
    const { at, archive, trust } = readFixture('challenge')
    const verdict = await verifyEvidence(archive.quote, { ...trust, policy: { ...trust.policy, ...unanchored } }, at)
    expect(verdict.ok && measurementsOf(verdict.value).measurements).toEqual(trust.lock.rows[0]?.measurements)
  })

  it('[P2] is incomplete, not verified, while the certificates are missing', async () => {
    const { at, archive, trust } = readFixture('challenge')
    if (archive.quote.tee !== 'snp') throw new Error('not an SNP vector')
    const verdict = await verifyEvidence(
      { ...archive.quote, endorsements: undefined },
      { ...trust, policy: { ...trust.policy, ...unanchored } },
      at,
    )
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(verdict.checks.find(({ name }) => name === 'endorsements')?.detail).toContain('missing')
  })

  it('does not take a given time where policy asks for a proven one', async () => {
    const { at, archive, trust } = readFixture('challenge')
    const verdict = await verifyEvidence(archive.quote, trust, at)
    expect(verdict).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
  })
})
