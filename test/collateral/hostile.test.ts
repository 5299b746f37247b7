/** Caches that others wrote into: what nobody vouches for is neither an answer nor a floor, and no file holds a reader up. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createDiskCache } from '../../src/client-node/collateral-cache.ts'
import { type CollateralCache, createMemoryCache } from '../../src/collateral/index.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import {
  AT,
  type Bench,
  createBench,
  createSnpVendor,
  createTdxVendor,
  DAY,
  errorOf,
  serveSnp,
  serveTdx,
} from './bench.ts'

const vendor = createTdxVendor()
const { fmspc } = decodeTcbInfo(vendor.collateral.tcbInfo.body)
const platform = { fmspc, ca: 'platform' } as const

let bench: Bench
afterEach(() => bench.vendors.close())

/** A cache that a fetcher with another root has filled. */
async function filledBy(other: typeof vendor, at: number = AT.getTime()): Promise<CollateralCache> {
  const cache = createMemoryCache()
  bench = await createBench([other.rootFingerprint], { cache })
  serveTdx(bench.vendors, other)
  await bench.fetcher.fetchTdxCollateral(platform)
  await bench.vendors.close()
  const aged = createMemoryCache()
  for (const key of bench.vendors.requests.map(addressOf)) {
    const entry = await cache.get(key)
    if (entry !== undefined) await aged.set(key, { ...entry, fetchedAt: at })
  }
  return aged
}

const addressOf = (path: string): string =>
  `https://${path.startsWith('/Intel') ? 'certificates' : 'api'}.trustedservices.intel.com${path}`

describe('a cache with entries that no pinned root vouches for', () => {
  const stranger = createTdxVendor({ collateral: { tcbInfo: { evaluationNumber: 9_000_000 } } })

  it.each([
    ['old enough to be renewed', AT.getTime() - DAY],
    ['fresh', AT.getTime()],
  ])('[T21] is no floor and no answer: %s', async (_, at) => {
    const cache = await filledBy(stranger, at)
    bench = await createBench([vendor.rootFingerprint], { cache })
    serveTdx(bench.vendors, vendor)
    const { collateral, sources } = await bench.fetcher.fetchTdxCollateral(platform)
    expect(collateral).toEqual(vendor.collateral)
    expect(sources.map(({ origin }) => origin)).toEqual(['vendor', 'vendor', 'vendor', 'vendor'])
  })

  it('does not stand in for a vendor that cannot be reached', async () => {
    const cache = await filledBy(stranger, AT.getTime() - DAY)
    bench = await createBench([vendor.rootFingerprint], { cache })
    await bench.vendors.close()
    expect((await errorOf(bench.fetcher.fetchTdxCollateral(platform))).code).toBe('ERR_COLLATERAL_UNAVAILABLE')
  })

  it('[X18] lets no stranger’s VCEK of this very chip stay for years', async () => {
    const amd = await createSnpVendor()
    const cache = createMemoryCache()
    bench = await createBench([amd.pki.rootFingerprint], { cache })
    serveSnp(bench.vendors, amd)
    const first = await bench.fetcher.fetchSnpEndorsements(amd.report)
    const leaf = first.sources[0]?.address ?? ''
    const genuine = await cache.get(leaf)
    if (genuine === undefined) throw new Error('not stored')
    const forged = Uint8Array.from(genuine.body)
    // The last octet of the signature.
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    await cache.set(leaf, { ...genuine, body: forged })
    expect((await bench.fetcher.fetchSnpEndorsements(amd.report)).endorsements).toEqual(first.endorsements)
  })
})

describe('a folder', () => {
  const folder = (): string => mkdtempSync(join(tmpdir(), 'collateral-hostile-'))

  it.skipIf(process.getuid?.() !== 0)(
    'of somebody else is refused, though nobody but its owner may write',
    async () => {
      bench = await createBench([])
      const path = folder()
      chownSync(path, 12_345, 12_345)
      const { code, message } = await errorOf(createDiskCache(path))
      rmSync(path, { recursive: true })
      expect(code).toBe('ERR_CONFIG')
      expect(message).toMatch(/belongs to somebody else/)
    },
  )

  it.skipIf(process.platform === 'win32')('with a pipe where a file is due does not hold a reader up', async () => {
    bench = await createBench([])
    const path = folder()
    const cache = await createDiskCache(path)
    await cache.set('key', { body: Uint8Array.of(1), issuerChain: '', fetchedAt: 0, kind: 'dated' })
    const file = join(path, readdirSync(path)[0] ?? '')
    rmSync(file)
    execFileSync('mkfifo', [file])
    expect(await cache.get('key')).toBeUndefined()
    rmSync(path, { recursive: true })
  })
})
