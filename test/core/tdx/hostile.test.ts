/** What a caller or a carrier of evidence can do beside choosing its octets: write into them while they are judged, or give half a policy. */
import { describe, expect, it } from 'vitest'
import { createTdxRoots, decodeTdxPolicy, verifyTdxQuote } from '../../../src/core/tdx/index.ts'
import { createSimulatedTdx } from '../../../src/simulator/tdx.ts'
import { basePolicy, judgeFixture, readFixture } from './fixture.ts'

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

describe('what a verdict hands out', () => {
  it('[T22] is its own: writing into dates and advisories changes no later verdict', async () => {
    const fixture = readFixture('status-outofdate-accepted')
    const first = await judgeFixture(fixture)
    if (!first.ok || first.value.tcb === 'unchecked') throw new Error('it passes')
    const kept = structuredClone(first.value.tcb)
    for (const { platform, module, qe } of [first.value.tcb.launch, first.value.tcb.current])
      for (const level of [platform, qe, ...(module ? [module] : [])]) {
        level.tcbDate.setUTCFullYear(2999)
        Object.assign(level.advisoryIds, { length: 0 })
      }
    expect(await judgeFixture(fixture)).toMatchObject({ ok: true, value: { tcb: kept } })
    expect(await judgeFixture(fixture, { policy: { ...fixture.policy, advisories: 'none' } })).toMatchObject({
      ok: false,
      code: 'TDX_ADVISORY',
    })
  })
})

describe('a date that changes while a quote is judged', () => {
  it('[T19] is taken once: collateral is judged at the time that certificates were', async () => {
    const at = new Date('2045-07-01T00:00:00Z')
    const judged = judgeFixture(good, { expectations: { ...good.expectations, at } })
    at.setTime(good.expectations.at.getTime())
    expect(await judged).toMatchObject({ ok: false, code: 'X509_EXPIRED' })
  })

  it('[T19] is not taken from the caller again', async () => {
    const at = new Date(good.expectations.at)
    const judged = judgeFixture(good, { expectations: { ...good.expectations, at } })
    at.setTime(0)
    expect(await judged).toMatchObject({ ok: true })
  })
})

describe('the module that runs now', () => {
  const clock = (): Date => new Date('2026-07-01T00:00:00Z')
  const REPORT_DATA = new Uint8Array(64).fill(1)
  const tdx = createSimulatedTdx({ clock })
  const levels = (isvSvn: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, at) => [isvSvn, 1, 3][at] ?? 0)
  const judge = (launch: number, now: number) =>
    verifyTdxQuote(
      {
        quote: tdx.quote(REPORT_DATA, {
          version: 5,
          bodyType: 3,
          teeTcbSvn: levels(launch),
          teeTcbSvn2: levels(now),
        }),
      },
      tdx.collateral,
      decodeTdxPolicy({ ...basePolicy(), tcbStatuses: ['UpToDate', 'OutOfDate'], advisories: 'unchecked' }),
      {
        at: clock(),
        reportData: REPORT_DATA,
        measurements: [tdx.measurements],
        roots: createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] }),
      },
    )

  it('passes where it is one that policy accepts', async () => {
    expect(await judge(5, 5)).toMatchObject({ ok: true, value: { tcb: { status: 'UpToDate' } } })
    expect(await judge(4, 4)).toMatchObject({ ok: true, value: { tcb: { status: 'OutOfDate' } } })
  })

  it.each([
    ['up to date', 5],
    ['out of date', 4],
  ])('[T22] rejects a revoked one, though the launch was under one that is %s', async (_, launch) => {
    expect(await judge(launch, 2)).toMatchObject({ ok: false, code: 'TDX_TCB_STATUS' })
  })
})

describe('a module that is not for production', () => {
  it('[T7] is rejected without collateral too, where no document says which attributes are due', async () => {
    const clock = (): Date => new Date('2026-07-01T00:00:00Z')
    const tdx = createSimulatedTdx({ clock })
    const reportData = new Uint8Array(64).fill(1)
    const policy = decodeTdxPolicy({ ...basePolicy(), tcb: 'unchecked', revocation: 'unchecked' })
    const roots = createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] })
    const expectations = { at: clock(), reportData, measurements: [tdx.measurements], roots }
    const judge = (seamAttributes: bigint) =>
      verifyTdxQuote({ quote: tdx.quote(reportData, { seamAttributes }) }, undefined, policy, expectations)
    expect(await judge(0n)).toMatchObject({ ok: true })
    for (const seamAttributes of [1n, 1n << 63n])
      expect(await judge(seamAttributes)).toMatchObject({ ok: false, code: 'TDX_SEAM_IDENTITY' })
  })
})

describe('expectations made by hand', () => {
  it('[T11] are octets: the letters of a digest in hex are not the zeros of a report', async () => {
    const tdx = createSimulatedTdx({ clock: () => new Date('2026-07-01T00:00:00Z') })
    const judged = judgeFixture(good, {
      quote: tdx.quote(new Uint8Array(64)),
      collateral: tdx.collateral,
      expectations: Object.assign({}, good.expectations, {
        at: new Date('2026-07-01T00:00:00Z'),
        roots: createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] }),
        reportData: 'ab'.repeat(32),
      }),
    })
    await expect(judged).rejects.toMatchObject({ code: 'ERR_USAGE' })
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
