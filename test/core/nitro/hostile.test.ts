/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { appraiseMeasurement } from '../../../src/core/nitro/appraise.ts'
import { decodeNitroDocument, type NitroDocument } from '../../../src/core/nitro/index.ts'
import { type Checker, judge } from '../../../src/core/verdict.ts'
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

describe('expectations that change or were made by hand', () => {
  it('[N6] judges age and certificates at one time, whatever becomes of the date meanwhile', async () => {
    const { at } = good.expectations
    const late = new Date(at.getTime() + 60_000)
    const policy = { ...good.policy, time: { maxAgeSeconds: 1, futureSkewSeconds: 0 } }
    const judged = judgeFixture(good, { policy, expectations: { ...good.expectations, at: late } })
    late.setTime(at.getTime())
    expect(await judged).toMatchObject({ ok: false, code: 'NITRO_TIMESTAMP' })
  })

  it('[N13] takes no empty text for a register that is absent', async () => {
    const tpm = readFixture('nitrotpm')
    const seen = decodeNitroDocument(tpm.document)
    expect(seen.kind).toBe('nitrotpm')
    const document: NitroDocument = { ...seen, pcrs: new Map([[0, new Uint8Array(48)]]) }
    const empty = [{ document: 'nitrotpm', pcr4: '', pcr7: '', pcr12: '' }] as const
    const verdict = await judge({ measurement: 'AWS' }, async (check: Checker<'measurement'>) => {
      appraiseMeasurement(check, document, empty)
      return {}
    })
    expect(verdict).toMatchObject({ ok: false, code: 'MEASUREMENT_MISMATCH' })
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
