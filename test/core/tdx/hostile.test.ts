/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { judgeFixture, readFixture } from './fixture.ts'

const good = readFixture('v4')

describe('octets that change while they are judged', () => {
  it('[T4] judges the octets that it decoded, not those that stand there later', async () => {
    const quote = new Uint8Array(good.quote)
    // MRTD: another one under the genuine signature.
    quote.fill(0xaa, 48 + 136, 48 + 136 + 48)
    const judged = judgeFixture(good, { quote, expectations: { ...good.expectations, measurements: 'unchecked' } })
    quote.set(good.quote)
    expect(await judged).toMatchObject({ ok: false, code: 'TDX_BAD_SIGNATURE' })
  })

  it('takes no notice of what becomes of quote and collateral once it has them', async () => {
    const { tcbInfo, ...collateral } = structuredClone(good.collateral)
    const quote = new Uint8Array(good.quote)
    const judged = judgeFixture(good, { quote, collateral: { tcbInfo, ...collateral } })
    quote.fill(0)
    tcbInfo.body.fill(0)
    expect(await judged).toMatchObject({ ok: true })
    expect(await judgeFixture(good)).toMatchObject({ ok: true })
  })

  it('[X13] hands out a date of its own: writing into it changes no later verdict', async () => {
    const first = await judgeFixture(good)
    if (!first.ok) throw new Error(first.code)
    const policy = { ...good.policy, tcb: 'unchecked', revocation: 'unchecked' } as const
    const at = new Date(first.value.notAfter.getTime() + 1000)
    first.value.notAfter.setUTCFullYear(2999)
    expect(await judgeFixture(good, { policy, expectations: { ...good.expectations, at } })).toMatchObject({
      ok: false,
      code: 'X509_EXPIRED',
    })
  })
})

describe('policies made by hand', () => {
  it.each(Object.keys(good.policy))('[P1] refuses one without %s', async (field) => {
    const policy = Object.assign({}, good.policy, { [field]: undefined })
    await expect(judgeFixture(good, { policy })).rejects.toMatchObject({ failure: 'POLICY_INCOMPLETE' })
  })

  it('[P3] refuses an unknown word: revocation that is neither required nor unchecked is not shown as passed', async () => {
    const policy = Object.assign({}, good.policy, { revocation: 'Required' })
    await expect(judgeFixture(good, { policy })).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
  })
})
