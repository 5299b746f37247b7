/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { type SnpPolicy, verifySnpReport } from '../../../src/core/snp/index.ts'
import { judgeFixture, readFixture, type SnpFixture } from './fixture.ts'

const good = readFixture('genoa-v3')
const turin = readFixture('turin-v5')

/** A policy that was made by hand, past the types: `undefined` takes a field away. */
function byHand(change: object, { policy }: SnpFixture = good): SnpPolicy {
  return Object.assign({}, policy, change)
}

describe('octets that change while they are judged', () => {
  it('[S2] judges the octets that it decoded, not those that stand there later', async () => {
    const genuine = good.report
    const forged = new Uint8Array(genuine)
    // Another measurement under the genuine signature.
    forged.fill(0xaa, 0x90, 0xc0)
    const shared = new Uint8Array(forged)
    const judged = judgeFixture(good, {
      report: shared,
      expectations: { ...good.expectations, measurements: ['aa'.repeat(48)] },
    })
    shared.set(genuine)
    expect(await judged).toMatchObject({ ok: false, code: 'SNP_BAD_SIGNATURE' })
  })

  it('takes no notice of what becomes of the octets once it has them', async () => {
    const report = new Uint8Array(good.report)
    const judged = judgeFixture(good, { report })
    report.fill(0)
    expect(await judged).toMatchObject({ ok: true })
  })

  it('[X13] hands out dates and keys of its own: writing into them changes no later verdict', async () => {
    const first = await judgeFixture(good)
    if (!first.ok) throw new Error(first.code)
    const end = new Date(first.value.notAfter)
    first.value.notAfter.setUTCFullYear(2999)
    first.value.key.tcb.fill(0)
    const later = { ...good.expectations, at: new Date(end.getTime() + 86_400_000) }
    expect(await judgeFixture(good, { expectations: later })).toMatchObject({ ok: false, code: 'X509_EXPIRED' })
    expect(await judgeFixture(good)).toMatchObject({ ok: true })
  })
})

describe('policies made by hand', () => {
  const fields = Object.keys(good.policy)

  it.each(fields)('[P1] refuses one without %s', async (field) => {
    await expect(judgeFixture(good, { policy: byHand({ [field]: undefined }) })).rejects.toMatchObject({
      failure: 'POLICY_INCOMPLETE',
    })
  })

  it('[P1] refuses floors without a component of their product', async () => {
    const { fmc, ...floor } = { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 0 }
    const policy = byHand({ minimumTcb: { Turin: floor }, products: ['Turin'] }, turin)
    await expect(judgeFixture(turin, { policy })).rejects.toMatchObject({ failure: 'POLICY_INCOMPLETE' })
    expect(fmc).toBe(0)
  })

  it.each([
    ['a floor that is no number', { minimumFirmware: { major: Number.NaN, minor: 0, build: 0 } }],
    ['an unknown word', { revocation: 'Required' }],
    ['an empty list', { vmpls: [] }],
    ['a mask that is no hexadecimal', { minimumLaunchMitigations: 'zz' }],
  ])('[P3] refuses %s', async (_, change) => {
    await expect(judgeFixture(good, { policy: byHand(change) })).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
  })

  it('[P3] refuses an unknown field', async () => {
    await expect(judgeFixture(good, { policy: byHand({ allowDebug: true }) })).rejects.toMatchObject({
      failure: 'POLICY_UNKNOWN_KEY',
    })
  })

  it('judges by what the policy said when it was given', async () => {
    const policy = byHand({ vmpls: [...good.policy.vmpls] })
    const judged = verifySnpReport({ report: good.report }, good.endorsements, policy, good.expectations)
    Object.assign(policy, { vmpls: [3] })
    expect(await judged).toMatchObject({ ok: true })
  })
})
