/** Old editions after newer ones: refused by number and by date, in one process and in the next. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createDiskCache } from '../../src/client-node/collateral-cache.ts'
import { readCrl, refuseOlderCrl } from '../../src/collateral/crl.ts'
import { type CollateralCache, createMemoryCache, DEFAULT_LIMITS } from '../../src/collateral/index.ts'
import { decodeTcbInfo, type TdxCollateral } from '../../src/core/tdx/index.ts'
import type { CrlTemplate, SimulatedTdxOptions } from '../../src/simulator/index.ts'
import { failureOf } from '../kit/failure-of.ts'
import {
  AT,
  type Bench,
  createBench,
  createSnpVendor,
  createTdxVendor,
  DAY,
  errorOf,
  rejectionOf,
  serveSnp,
  serveTdx,
} from './bench.ts'
import { serve } from './vendors.ts'

const { pki } = createTdxVendor()
let bench: Bench
afterEach(() => bench.vendors.close())

interface Age {
  /** Of documents. */
  readonly evaluationNumber?: number
  /** Days before or after. */
  readonly days?: number
  readonly crlNumber?: number
}

const moved = (days: number) => new Date(AT.getTime() + days * DAY)

/** Everything that Intel serves, of some age. */
function collateralOf({ evaluationNumber = 17, days = 0, crlNumber = 1 }: Age): TdxCollateral {
  const document = { evaluationNumber, issueDate: moved(days), nextUpdate: moved(days + 30) }
  const list = (template: CrlTemplate): CrlTemplate => ({
    ...template,
    number: crlNumber,
    thisUpdate: moved(days),
    nextUpdate: moved(days + 30),
  })
  const options: SimulatedTdxOptions['collateral'] = {
    tcbInfo: document,
    qeIdentity: document,
    pckCrl: list,
    rootCaCrl: list,
  }
  return createTdxVendor({ pki, collateral: options }).collateral
}

const base = collateralOf({})
const { fmspc } = decodeTcbInfo(base.tcbInfo.body)
const platform = { fmspc, ca: 'platform' } as const

async function open(cache: CollateralCache = createMemoryCache()): Promise<Bench> {
  bench = await createBench([pki.rootFingerprint], { cache })
  serveTdx(bench.vendors, { pki, collateral: base })
  return bench
}

/** Fetches the base; then, when its copies are due for renewal, other collateral. */
async function renewWith(changes: Partial<TdxCollateral>): Promise<{ code: string; message: string }> {
  const { fetcher, time, vendors } = await open()
  await fetcher.fetchTdxCollateral(platform)
  time.advance(DEFAULT_LIMITS.datedMaxAgeMs)
  serveTdx(vendors, { pki, collateral: { ...base, ...changes } })
  return errorOf(fetcher.fetchTdxCollateral(platform))
}

describe('TCB info and QE identity', () => {
  it.each([
    ['a lower evaluation number', { evaluationNumber: 16 }],
    ['a lower evaluation number of a later day', { evaluationNumber: 16, days: 1 }],
    ['an earlier day', { days: -1 }],
  ])('[T21] are refused with %s than seen before', async (_, age) => {
    const { tcbInfo, qeIdentity } = collateralOf(age)
    const error = await renewWith({ tcbInfo })
    expect(error.code).toBe('COLLATERAL_ROLLBACK')
    expect(error.message).toMatch(/older than a copy seen before.*17 of 2026-01-15.*newer one is kept/)
    await bench.vendors.close()
    expect((await renewWith({ qeIdentity })).code).toBe('COLLATERAL_ROLLBACK')
  })

  it.each([
    ['the same', {}],
    ['a later day', { days: 1 }],
    ['a higher number', { evaluationNumber: 18, days: 1 }],
  ])('[T21] are taken with %s', async (_, age) => {
    const { tcbInfo, qeIdentity } = collateralOf(age)
    expect((await renewWith({ tcbInfo, qeIdentity })).code).toBe('none')
  })

  it('[T21] keep the newer copy, and refuse the older again and again', async () => {
    const { cache } = await open()
    await renewWith({ tcbInfo: collateralOf({ evaluationNumber: 16 }).tcbInfo })
    const key = `https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=${fmspc}&update=standard`
    const kept = await bench.cache.get(key)
    expect(new TextDecoder().decode(kept?.body)).toContain('"tcbEvaluationDataNumber":17')
    expect(await cache.get(key)).toBeUndefined()
    expect(await rejectionOf(bench.fetcher.fetchTdxCollateral(platform))).toBe('COLLATERAL_ROLLBACK')
    bench.time.advance(40 * DAY)
    expect(await rejectionOf(bench.restart().fetchTdxCollateral(platform))).toBe('COLLATERAL_ROLLBACK')
  })

  it('[T21] hold each selection to its own floor: standard lags early', async () => {
    const { fetcher, vendors } = await open()
    serveTdx(vendors, { pki, collateral: collateralOf({ evaluationNumber: 18 }) })
    await fetcher.fetchTdxCollateral(platform, { update: 'early' })
    serveTdx(vendors, { pki, collateral: base })
    expect((await fetcher.fetchTdxCollateral(platform)).evaluationNumbers.tcbInfo).toBe(17)
  })

  it('[T21] cannot lift the floor without a pinned root', async () => {
    const stranger = createTdxVendor({ collateral: { tcbInfo: { evaluationNumber: 9_000_000 } } })
    const { fetcher, vendors, time } = await open()
    serveTdx(vendors, stranger)
    expect((await errorOf(fetcher.fetchTdxCollateral(platform))).code).toBe('ERR_COLLATERAL_UNAVAILABLE')
    serveTdx(vendors, { pki, collateral: base })
    time.advance(DEFAULT_LIMITS.failureMs)
    expect((await fetcher.fetchTdxCollateral(platform)).evaluationNumbers.tcbInfo).toBe(17)
  })
})

describe('revocation lists', () => {
  it.each([
    ['a lower number', { crlNumber: 0 }],
    ['an earlier day and the same number, as Intel numbers them', { days: -1 }],
  ])('[X18] are refused with %s than seen before', async (_, age) => {
    const { pckCrl, rootCaCrl } = collateralOf(age)
    expect((await renewWith({ pckCrl })).code).toBe('CRL_ROLLBACK')
    await bench.vendors.close()
    expect((await renewWith({ rootCaCrl })).code).toBe('CRL_ROLLBACK')
  })

  it('[X18] are taken with a higher number or a later day', async () => {
    const { pckCrl } = collateralOf({ crlNumber: 2, days: 1 })
    const { rootCaCrl } = collateralOf({ days: 1 })
    expect((await renewWith({ pckCrl, rootCaCrl })).code).toBe('none')
  })

  it('[X18] of AMD are held to the same', async () => {
    const genoa = await createSnpVendor()
    bench = await createBench([genoa.snp.rootFingerprint])
    serveSnp(bench.vendors, genoa)
    const serveNumber = (number: number): void =>
      bench.vendors.on('/vcek/v1/Genoa/crl', serve(genoa.crl({ shape: (template) => ({ ...template, number }) })))
    serveNumber(6)
    await bench.fetcher.fetchSnpEndorsements(genoa.report)
    bench.time.advance(DEFAULT_LIMITS.datedMaxAgeMs)
    serveNumber(5)
    expect(await rejectionOf(bench.fetcher.fetchSnpEndorsements(genoa.report))).toBe('CRL_ROLLBACK')
  })

  it('[X18] of a CA with a new key count anew, but never go back in time', () => {
    const list = (vendor: { collateral: TdxCollateral }) => readCrl(vendor.collateral.pckCrl)
    const of = (age: { days: number; number: number }) =>
      list(
        createTdxVendor({
          collateral: {
            pckCrl: (template) => ({
              ...template,
              number: age.number,
              thisUpdate: moved(age.days),
              nextUpdate: moved(40),
            }),
          },
        }),
      )
    const held = of({ days: 0, number: 9 })
    expect(failureOf(() => refuseOlderCrl(held, of({ days: 1, number: 1 })))).toBe('none')
    expect(failureOf(() => refuseOlderCrl(held, of({ days: -1, number: 99 })))).toBe('CRL_ROLLBACK')
  })
})

describe('floors on disk', () => {
  it('[X18] [T21] survive a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'collateral-'))
    try {
      const { fetcher, vendors, time, restart } = await open(await createDiskCache(join(folder, 'cache')))
      await fetcher.fetchTdxCollateral(platform)
      time.advance(DEFAULT_LIMITS.datedMaxAgeMs)
      const reopened = async () => restart({ cache: await createDiskCache(join(folder, 'cache')) })
      serveTdx(vendors, { pki, collateral: { ...base, tcbInfo: collateralOf({ evaluationNumber: 16 }).tcbInfo } })
      expect(await rejectionOf((await reopened()).fetchTdxCollateral(platform))).toBe('COLLATERAL_ROLLBACK')
      time.advance(DEFAULT_LIMITS.datedMaxAgeMs)
      serveTdx(vendors, { pki, collateral: { ...base, pckCrl: collateralOf({ days: -1 }).pckCrl } })
      expect(await rejectionOf((await reopened()).fetchTdxCollateral(platform))).toBe('CRL_ROLLBACK')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
