/** Many verifications at once: one request for one thing, different things side by side, and a dead vendor left in peace. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Lanes } from '../../src/collateral/flights.ts'
import { type CollateralFetcher, DEFAULT_LIMITS } from '../../src/collateral/index.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import {
  type Bench,
  createBench,
  createTdxVendor,
  DAY,
  errorOf,
  PCK_CRL,
  rejectionOf,
  SECOND,
  serveTdx,
  TCB,
} from './bench.ts'
import { type Handler, inTurn, serve, serveDocument } from './vendors.ts'

const tdx = createTdxVendor()
const { fmspc } = decodeTcbInfo(tdx.collateral.tcbInfo.body)
const platform = { fmspc, ca: 'platform' } as const
const good = serveDocument('tcbInfo', tdx.collateral.tcbInfo)
let bench: Bench
afterEach(() => bench.vendors.close())

async function open(handler: Handler = good): Promise<Bench> {
  bench = await createBench([tdx.rootFingerprint])
  serveTdx(bench.vendors, tdx)
  bench.vendors.on(TCB, handler)
  return bench
}

const many = (fetcher: CollateralFetcher, count: number) =>
  Array.from({ length: count }, () => fetcher.fetchTdxCollateral(platform))

describe('single flight', () => {
  it('makes one request for each document of 1,000 verifications', async () => {
    const { fetcher, vendors } = await open()
    const results = await Promise.all(many(fetcher, 1000))
    expect(vendors.requests).toHaveLength(4)
    expect(new Set(results.map(({ evaluationNumbers }) => evaluationNumbers.tcbInfo)).size).toBe(1)
  })

  it('shares a failure, and does not keep it for ever', async () => {
    const { fetcher, vendors, time } = await open(inTurn(serve('no', {}, 403), good))
    const codes = await Promise.all(many(fetcher, 100).map(rejectionOf))
    expect(new Set(codes)).toEqual(new Set(['ERR_COLLATERAL_UNAVAILABLE']))
    expect(vendors.count(TCB)).toBe(1)
    time.advance(DEFAULT_LIMITS.failureMs)
    await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(TCB)).toBe(2)
  })

  it('runs different documents side by side, up to a limit', async () => {
    let now = 0
    let most = 0
    const waiting: (() => void)[] = []
    const { vendors, restart } = await open()
    const fetcher = restart({
      limits: { parallel: 3 },
      fetch: async (input, init) => {
        most = Math.max(most, ++now)
        await new Promise<void>((resolve) => waiting.push(resolve))
        now--
        return globalThis.fetch(input, init)
      },
    })
    const fetched = fetcher.fetchTdxCollateral(platform)
    while (vendors.requests.length < 4) {
      waiting.shift()?.()
      await turn()
    }
    await fetched
    expect(most).toBe(3)
  })
})

describe('lanes', () => {
  it('let nobody wait beyond the end of its time, and lose no place by it', async () => {
    await open()
    const lanes = new Lanes(1)
    let finish = (): void => undefined
    const first = lanes.run(new AbortController().signal, () => new Promise<void>((resolve) => (finish = resolve)))
    const impatient = new AbortController()
    const second = lanes.run(impatient.signal, () => Promise.resolve('late'))
    const third = lanes.run(new AbortController().signal, () => Promise.resolve('third'))
    impatient.abort(new Error('time is up'))
    await expect(second).rejects.toThrow('time is up')
    finish()
    await first
    expect(await third).toBe('third')
    expect(await lanes.run(new AbortController().signal, () => Promise.resolve('free'))).toBe('free')
  })
})

describe('a vendor that is down', () => {
  it('is not asked again for a while, and the error says when it will be', async () => {
    const { fetcher, vendors, time } = await open(serve('down', {}, 500))
    await errorOf(fetcher.fetchTdxCollateral(platform))
    const asked = vendors.count(TCB)
    time.advance(3 * SECOND)
    const { message } = await errorOf(fetcher.fetchTdxCollateral(platform))
    expect(message).toMatch(/500.*\[failed 3 s ago; the vendor is asked again in 7 s\]/)
    expect(vendors.count(TCB)).toBe(asked)
    time.advance(7 * SECOND)
    await errorOf(fetcher.fetchTdxCollateral(platform))
    expect(vendors.count(TCB)).toBe(2 * asked)
  })

  it('that asks for an hour is left in peace for five minutes', async () => {
    const { fetcher, vendors, time } = await open(serve('slow down', { 'retry-after': '3600' }, 429))
    await errorOf(fetcher.fetchTdxCollateral(platform))
    time.advance(299 * SECOND)
    await errorOf(fetcher.fetchTdxCollateral(platform))
    expect(vendors.count(TCB)).toBe(1)
    time.advance(SECOND)
    await errorOf(fetcher.fetchTdxCollateral(platform))
    expect(vendors.count(TCB)).toBe(2)
  })
})

describe('freshness', () => {
  const states = (opened: Bench) => opened.progress.filter(({ what }) => what === 'TCB info').map(({ state }) => state)

  it('asks again when a copy is too old, and not before', async () => {
    const { fetcher, vendors, time } = await open()
    await fetcher.fetchTdxCollateral(platform)
    time.advance(DEFAULT_LIMITS.datedMaxAgeMs - 1)
    await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(TCB)).toBe(1)
    time.advance(1)
    await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(TCB)).toBe(2)
  })

  it('asks again when the clock was set back', async () => {
    const { fetcher, vendors, time } = await open()
    await fetcher.fetchTdxCollateral(platform)
    time.advance(-DAY)
    await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(TCB)).toBe(2)
  })

  it('serves an older copy that is still current while the vendor cannot be reached, and says so', async () => {
    const opened = await open(inTurn(good, serve('down', {}, 503)))
    const { fetcher, time } = opened
    await fetcher.fetchTdxCollateral(platform)
    time.advance(2 * DAY)
    const { sources } = await fetcher.fetchTdxCollateral(platform)
    expect(sources[0]).toMatchObject({ what: 'TCB info', origin: 'stale' })
    expect(states(opened).at(-1)).toBe('stale')
    const again = await fetcher.fetchTdxCollateral(platform)
    expect(again.sources[0]?.origin).toBe('stale')
  })

  it('serves none beyond its next update', async () => {
    const opened = await open(inTurn(good, serve('down', {}, 503)))
    await opened.fetcher.fetchTdxCollateral(platform)
    opened.time.advance(30 * DAY)
    expect(await rejectionOf(opened.fetcher.fetchTdxCollateral(platform))).toBe('ERR_COLLATERAL_UNAVAILABLE')
    expect(states(opened).at(-1)).toBe('failed')
  })

  it('serves none where the vendor answers that there is none, or answers garbage', async () => {
    for (const answer of [serve('gone', {}, 404), serve('<html>')]) {
      const { fetcher, time, vendors } = await open(inTurn(good, answer))
      await fetcher.fetchTdxCollateral(platform)
      time.advance(2 * DAY)
      expect(await rejectionOf(fetcher.fetchTdxCollateral(platform))).toBe('ERR_COLLATERAL_UNAVAILABLE')
      await vendors.close()
    }
    await open()
  })

  it('does not hammer a vendor whose newest document has expired', async () => {
    const { fetcher, vendors, time } = await open()
    time.advance(300 * DAY)
    for (let i = 0; i < 5; i++) await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(PCK_CRL)).toBe(1)
    time.advance(DEFAULT_LIMITS.failureMs)
    await fetcher.fetchTdxCollateral(platform)
    expect(vendors.count(PCK_CRL)).toBe(2)
  })
})
