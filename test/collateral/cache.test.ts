/** Caches: bounded in memory, whole or absent on disk, and nothing but a cache offline. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDiskCache } from '../../src/client-node/collateral-cache.ts'
import {
  type CollateralEntry,
  createMemoryCache,
  createOfflineFetcher,
  createTieredCache,
} from '../../src/collateral/index.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import { AT, createBench, createTdxVendor, DAY, errorOf, rejectionOf, serveTdx } from './bench.ts'

const KEY = 'https://kdsintf.amd.com/vcek/v1/Genoa/crl'
const entry = (octet: number, kind: CollateralEntry['kind'] = 'dated'): CollateralEntry => ({
  body: new Uint8Array(100).fill(octet),
  issuerChain: '-----BEGIN%20CERTIFICATE',
  fetchedAt: AT.getTime(),
  kind,
})

describe('in memory', () => {
  it('keeps what was used last', async () => {
    const cache = createMemoryCache({ maxEntries: 2 })
    await cache.set('a', entry(1))
    await cache.set('b', entry(2))
    await cache.get('a')
    await cache.set('c', entry(3))
    expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual([entry(1), undefined, entry(3)])
  })

  it('[X18] does not let a flood of certificates drive out revocation lists', async () => {
    const cache = createMemoryCache({ maxEntries: 4 })
    await cache.set(KEY, entry(1))
    for (let i = 0; i < 100; i++) await cache.set(`vcek ${i}`, entry(2, 'certificate'))
    expect(await cache.get(KEY)).toEqual(entry(1))
    expect(await cache.get('vcek 0')).toBeUndefined()
  })

  it('keeps a copy of its own', async () => {
    const cache = createMemoryCache()
    const given = entry(1)
    await cache.set(KEY, given)
    given.body.fill(9)
    expect(await cache.get(KEY)).toEqual(entry(1))
  })

  it('stands before a larger one', async () => {
    const near = createMemoryCache()
    const far = createMemoryCache()
    const cache = createTieredCache(near, far)
    await far.set(KEY, entry(1))
    expect(await cache.get(KEY)).toEqual(entry(1))
    expect(await near.get(KEY)).toEqual(entry(1))
    await cache.set('b', entry(2))
    expect([await near.get('b'), await far.get('b')]).toEqual([entry(2), entry(2)])
    expect(await cache.get('none')).toBeUndefined()
  })
})

describe('on disk', () => {
  let root: string
  let folder: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'collateral-'))
    folder = join(root, 'a', 'cache')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const files = () => readdirSync(folder)

  it('gives back what was set, in this process and the next', async () => {
    const cache = await createDiskCache(folder)
    expect(await cache.get(KEY)).toBeUndefined()
    await cache.set(KEY, entry(1))
    await cache.set('another', entry(2, 'certificate'))
    const reopened = await createDiskCache(folder)
    expect(await reopened.get(KEY)).toEqual(entry(1))
    expect(await reopened.get('another')).toEqual(entry(2, 'certificate'))
  })

  it('is its owner’s alone, under names that are digests', async () => {
    const cache = await createDiskCache(folder)
    await cache.set('../../../etc/passwd', entry(1))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(files()).toHaveLength(1)
    expect(files()[0]).toMatch(/^[0-9a-f]{64}\.dated$/)
    expect(statSync(join(folder, files()[0] ?? '')).mode & 0o777).toBe(0o600)
  })

  it('misses a file that is cut, altered, foreign or too large, and replaces it', async () => {
    const cache = await createDiskCache(folder)
    await cache.set(KEY, entry(1))
    const file = join(folder, files()[0] ?? '')
    const whole = readFileSync(file, 'utf8')
    await cache.set('another', entry(2))
    const other = readFileSync(join(folder, files().find((name) => join(folder, name) !== file) ?? ''), 'utf8')
    for (const broken of [
      '',
      whole.slice(0, -20),
      whole.replace('AQEB', 'AQEC'),
      whole.replace('"kind":"dated"', '"kind":"certificate"'),
      whole.replace('{', '{"more":1,'),
      other,
      '{}',
      '<html>',
      ' '.repeat((4 << 20) + 1),
    ]) {
      writeFileSync(file, broken)
      expect(await cache.get(KEY)).toBeUndefined()
    }
    await cache.set(KEY, entry(3))
    expect(await cache.get(KEY)).toEqual(entry(3))
  })

  it('leaves no draft behind, whoever writes at the same time', async () => {
    const cache = await createDiskCache(folder)
    await Promise.all(Array.from({ length: 20 }, (_, i) => cache.set(KEY, entry(i))))
    expect(files()).toHaveLength(1)
    expect((await cache.get(KEY))?.body).toHaveLength(100)
  })

  it('drops the oldest certificates, and never a dated document', async () => {
    const cache = await createDiskCache(folder, { maxCertificates: 3 })
    await cache.set(KEY, entry(1))
    for (let i = 0; i < 8; i++) await cache.set(`vcek ${i}`, entry(i, 'certificate'))
    expect(files().filter((name) => name.endsWith('.certificate'))).toHaveLength(3)
    expect(await cache.get(KEY)).toEqual(entry(1))
  })

  it('says what is wrong with a folder that cannot be used, or that others may write to', async () => {
    writeFileSync(join(root, 'file'), '')
    expect(await errorOf(createDiskCache(join(root, 'file')))).toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/cannot be used \(E\w+\): check/),
    })
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    const shared = await errorOf(createDiskCache(folder))
    expect(shared).toMatchObject({ code: 'ERR_CONFIG', message: expect.stringMatching(/chmod 700/) })
  })
})

describe('offline', () => {
  const tdx = createTdxVendor()
  const { fmspc } = decodeTcbInfo(tdx.collateral.tcbInfo.body)
  const platform = { fmspc, ca: 'platform' } as const

  it('answers from the cache alone, however old, and says clearly what is missing', async () => {
    const { fetcher, vendors, cache, time } = await createBench([tdx.rootFingerprint])
    serveTdx(vendors, tdx)
    const offline = createOfflineFetcher(cache)
    const { code, message } = await errorOf(offline.fetchTdxCollateral(platform))
    expect(code).toBe('ERR_COLLATERAL_UNAVAILABLE')
    expect(message).toMatch(/TCB info is not in the cache, and nothing is fetched offline/)
    await fetcher.fetchTdxCollateral(platform)
    await vendors.close()
    time.advance(400 * DAY)
    const { collateral, sources } = await offline.fetchTdxCollateral(tdx.quote(new Uint8Array(64)))
    expect(collateral).toEqual(tdx.collateral)
    expect(sources.map(({ origin }) => origin)).toEqual(['cache', 'cache', 'cache', 'cache'])
    expect(sources[0]?.fetchedAt).toEqual(AT)
  })

  it('does not answer from an entry that cannot be read, which a fetcher replaces', async () => {
    const { fetcher, vendors, cache } = await createBench([tdx.rootFingerprint])
    serveTdx(vendors, tdx)
    const key = `https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=${fmspc}&update=standard`
    await cache.set(key, entry(1))
    const offline = createOfflineFetcher(cache)
    expect(await rejectionOf(offline.fetchTdxCollateral(platform))).toBe('ERR_COLLATERAL_UNAVAILABLE')
    await fetcher.fetchTdxCollateral(platform)
    expect((await offline.fetchTdxCollateral(platform)).collateral).toEqual(tdx.collateral)
    await vendors.close()
  })
})
