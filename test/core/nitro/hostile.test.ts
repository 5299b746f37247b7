/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { judgeFixture, readFixture } from './fixture.ts'

const good = readFixture('enclave')

describe('octets that change while they are judged', () => {
  it('takes no notice of what becomes of the document once it has it', async () => {
    const document = new Uint8Array(good.document)
    const judged = judgeFixture(good, { document })
    document.fill(0)
    expect(await judged).toMatchObject({ ok: true })
  })

  it('[X13] hands out a date of its own: writing into it changes no later verdict', async () => {
    const first = await judgeFixture(good)
    if (!first.ok) throw new Error(first.code)
    const at = new Date(first.value.notAfter.getTime() + 1000)
    first.value.notAfter.setUTCFullYear(2999)
    expect(await judgeFixture(good, { expectations: { ...good.expectations, at } })).toMatchObject({
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

  it('[P3] refuses a register whose pin is no list: it would pin nothing', async () => {
    const policy = { ...good.policy, pcrs: { others: 'unchecked', 3: 'aa'.repeat(48) } as const }
    await expect(judgeFixture(good, { policy: Object.assign({}, good.policy, policy) })).rejects.toMatchObject({
      failure: 'POLICY_INVALID',
    })
  })
})
