/** Vendors that hang, drip, flood, redirect, throttle, break off or lie: bounded in time and size, and nothing of it is kept. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/collateral/index.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import { type Bench, createBench, createTdxVendor, errorOf, ROOT_CRL, SECOND, serveTdx, TCB } from './bench.ts'
import { type Handler, inTurn, serve, serveDocument } from './vendors.ts'

const tdx = createTdxVendor()
const { fmspc } = decodeTcbInfo(tdx.collateral.tcbInfo.body)
const good = serveDocument('tcbInfo', tdx.collateral.tcbInfo)
const KEY = `https://api.trustedservices.intel.com${TCB}?fmspc=${fmspc}&update=standard`
let bench: Bench
afterEach(() => bench.vendors.close())

/** Intel's service, with one handler in the place of TCB info. */
async function open(handler: Handler): Promise<Bench> {
  bench = await createBench([tdx.rootFingerprint])
  serveTdx(bench.vendors, tdx)
  bench.vendors.on(TCB, handler)
  return bench
}

const ask = ({ fetcher }: Bench) => fetcher.fetchTdxCollateral({ fmspc, ca: 'platform' })

/** Lets the request's time run out once it has arrived. */
function expiring(begin: (response: ServerResponse) => void): Handler {
  return (_: IncomingMessage, response: ServerResponse) => {
    begin(response)
    setImmediate(() => bench.time.expire(DEFAULT_LIMITS.requestTimeoutMs))
  }
}

async function expectUnavailable(opened: Bench, message: RegExp): Promise<void> {
  const error = await errorOf(ask(opened))
  expect(error.code).toBe('ERR_COLLATERAL_UNAVAILABLE')
  expect(error.message).toMatch(message)
  expect(await opened.cache.get(KEY)).toBeUndefined()
}

describe('time', () => {
  it.each([
    ['never answers', () => undefined],
    ['drips', (response: ServerResponse) => response.writeHead(200).write('{')],
  ])('ends for a vendor that %s', async (_, begin) => {
    const opened = await open(expiring(begin))
    await expectUnavailable(opened, /took too long/)
    expect(opened.vendors.count(TCB)).toBe(DEFAULT_LIMITS.attempts)
  })

  it('ends for all attempts together', async () => {
    const opened = await open(() => setImmediate(() => bench.time.expire(DEFAULT_LIMITS.totalTimeoutMs)))
    await expectUnavailable(opened, /time allowed/)
    expect(opened.vendors.count(TCB)).toBe(1)
  })

  it('ends for a fetch that does not heed its signal', async () => {
    const opened = await open(good)
    const deaf = opened.restart({
      fetch: () => {
        setImmediate(() => opened.time.expire(DEFAULT_LIMITS.requestTimeoutMs))
        return new Promise(() => undefined)
      },
    })
    const error = await errorOf(deaf.fetchTdxCollateral({ fmspc, ca: 'platform' }))
    expect(error.code).toBe('ERR_COLLATERAL_UNAVAILABLE')
  })
})

describe('size', () => {
  it('of a body is counted as it arrives, whatever its length claims', async () => {
    const piece = Buffer.alloc(1 << 16, 0x20)
    const endless: Handler = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      }
      response.on('drain', more)
      more()
    }
    await expectUnavailable(await open(endless), /larger than 1048576 octets/)
  })

  it('is counted after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20))
    expect(bomb.length).toBeLessThan(1 << 17)
    await expectUnavailable(await open(serve(bomb, { 'content-encoding': 'gzip' })), /larger than 1048576 octets/)
  })

  it('of an issuer chain is bounded, by the header’s limit or by the client’s', async () => {
    const header = { 'TCB-Info-Issuer-Chain': 'x'.repeat(DEFAULT_LIMITS.maxHeader + 1) }
    const opened = await open(good)
    const response = (): Promise<Response> => Promise.resolve(new Response('{}', { headers: header }))
    const fetcher = opened.restart({ fetch: response })
    const error = await errorOf(fetcher.fetchTdxCollateral({ fmspc, ca: 'platform' }))
    expect(error.message).toMatch(/longer than any genuine one/)
    opened.vendors.on(TCB, serve('{}', { 'TCB-Info-Issuer-Chain': 'x'.repeat(1 << 17) }))
    await expectUnavailable(opened, /connection failed or broke off/)
  })
})

describe('redirections', () => {
  it.each([
    ['off the host', 'https://evil.example/', 302],
    ['to a link-local address', 'http://169.254.169.254/latest/meta-data/', 307],
    ['to this machine', 'http://127.0.0.1:1/', 301],
    ['to the vendor itself', `${TCB}2`, 308],
  ])('[P9] %s are not followed', async (_, location, status) => {
    const opened = await open(serve('', { location }, status))
    expect((await errorOf(ask(opened))).code).toBe('COLLATERAL_SOURCE')
    expect(opened.vendors.count(TCB)).toBe(1)
    expect(opened.vendors.count(`${TCB}2`)).toBe(0)
    expect(await opened.cache.get(KEY)).toBeUndefined()
  })

  it('[P9] are refused where a browser hides where they lead', async () => {
    const opened = await open(good)
    const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
    Object.defineProperty(hidden, 'status', { value: 0 })
    const fetcher = opened.restart({ fetch: () => Promise.resolve(hidden) })
    expect((await errorOf(fetcher.fetchTdxCollateral({ fmspc, ca: 'platform' }))).code).toBe('COLLATERAL_SOURCE')
  })
})

describe('throttling and failures', () => {
  const throttled = (headers: Readonly<Record<string, string>>, status = 429) => serve('slow down', headers, status)

  it.each([
    ['seconds', throttled({ 'retry-after': '7' }), 7 * SECOND],
    ['a date', throttled({ 'retry-after': 'Thu, 15 Jan 2026 12:00:09 GMT' }, 503), 9 * SECOND],
    ['a date gone by', throttled({ 'retry-after': 'Thu, 15 Jan 2026 11:00:00 GMT' }), DEFAULT_LIMITS.backOffMs],
    ['zero', throttled({ 'retry-after': '0' }), DEFAULT_LIMITS.backOffMs],
    ['nothing, as AMD does', throttled({}), DEFAULT_LIMITS.throttledMs],
    ['nonsense', throttled({ 'retry-after': 'soon' }, 503), DEFAULT_LIMITS.backOffMs],
    ['minus', throttled({ 'retry-after': '-5' }), DEFAULT_LIMITS.throttledMs],
  ])('waits as told by %s', async (_, handler, waitMs) => {
    const opened = await open(inTurn(handler, good))
    await ask(opened)
    expect(opened.time.slept).toEqual([waitMs])
    expect(opened.progress.map(({ what, state }) => what === 'TCB info' && state).filter(Boolean)).toEqual([
      'fetching',
      'waiting',
      'fetched',
    ])
  })

  it.each(['86400', '999999999', '99999999999999999999', 'Fri, 15 Jan 2038 12:00:00 GMT'])(
    'never waits out an absurd Retry-After (%s)',
    async (after) => {
      const opened = await open(throttled({ 'retry-after': after }))
      const error = await errorOf(ask(opened))
      expect(error.code).toBe('ERR_COLLATERAL_UNAVAILABLE')
      const slept = opened.time.slept.reduce((sum, ms) => sum + ms, 0)
      expect(slept).toBeLessThan(DEFAULT_LIMITS.totalTimeoutMs)
    },
  )

  it('tries a storm of 503 a bounded number of times, ever more slowly', async () => {
    const opened = await open(serve('busy', {}, 503))
    await expectUnavailable(opened, /503/)
    expect(opened.vendors.count(TCB)).toBe(4)
    expect(opened.time.slept).toEqual([500, 1000, 2000])
  })

  it.each([400, 401, 403, 404, 410])('does not repeat what the vendor refuses with %i', async (status) => {
    const opened = await open(serve('no', {}, status))
    await expectUnavailable(opened, new RegExp(String(status)))
    expect(opened.vendors.count(TCB)).toBe(1)
  })

  it.each<[string, Handler]>([
    ['reset', (_, response) => response.socket?.destroy()],
    [
      'reset midway',
      (_, response) => {
        response.writeHead(200, { 'content-length': '5000' }).write('{"tcbInfo":')
        setImmediate(() => response.socket?.destroy())
      },
    ],
    [
      'cut in its chunks',
      (_, response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' }).write('{')
        setImmediate(() => response.socket?.end())
      },
    ],
    ['of an encoding that it is not', serve('{}', { 'content-encoding': 'gzip' })],
  ])('tries again after an answer that is %s', async (_, handler) => {
    const opened = await open(inTurn(handler, good))
    const { collateral } = await ask(opened)
    expect(collateral.tcbInfo).toEqual(tdx.collateral.tcbInfo)
    expect(opened.vendors.count(TCB)).toBe(2)
  })

  it('trusts no content type', async () => {
    const opened = await open(good)
    opened.vendors.on(ROOT_CRL, serve(tdx.collateral.rootCaCrl, { 'content-type': 'text/html' }))
    expect((await ask(opened)).collateral.rootCaCrl).toEqual(tdx.collateral.rootCaCrl)
  })
})
