/** Damage of what is stored: found when it is read or by the scrub, named, never served, restored where that is possible. R-22. @module */
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { createEntry, hashLeaf, MerkleTree } from '../../../src/core/log/index.ts'
import { openStoredLog, type ReceiptLog, scrubLog } from '../../../src/server/log/index.ts'
import type { ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { answer, GENESIS, idOf, openLog, published, receiptOf, segmentPath } from './log-traffic.ts'

const RECEIPTS = 600
const OPTIONS = { segmentSize: 24_000, memtableSize: 64, maxRunSize: 300 }

let files: MemoryFiles
let store: ObjectStore
let log: ReceiptLog
const tree = new MerkleTree()
tree.append(hashLeaf(createEntry('genesis', GENESIS)))
for (let n = 0; n < RECEIPTS; n++) tree.append(hashLeaf(receiptOf(n).entry))

beforeEach(async () => {
  files = new MemoryFiles()
  store = createMemoryStore(files)
  log = await openLog(files, { options: OPTIONS })
  for (let n = 0; n < RECEIPTS; n += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => answer(log, n + i)))
  await log.checkpoint()
  await log.close()
})

function flip(path: string, bit: number): () => void {
  const before = files.read(path)
  if (before === undefined) throw new Error(`nothing at ${path}`)
  const damaged = before.slice()
  const place = Math.floor(bit / 8)
  damaged[place] = (damaged[place] ?? 0) ^ (1 << (bit % 8))
  files.put(path, damaged)
  return () => files.put(path, before)
}

function sameOctets(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
}

/** Some of the octets of a file, every one of a small file. */
function* sample(path: string, count: number): Generator<number> {
  const size = files.read(path)?.length ?? 0
  for (let i = 0; i < Math.min(count, size); i++) yield Math.floor((i * size) / Math.min(count, size))
}

describe('the scrub', () => {
  test('finds nothing where nothing is wrong', async () => {
    const progress: number[] = []
    const report = await scrubLog(store, log.id, { repair: false, onProgress: ({ leaves }) => progress.push(leaves) })
    expect(report).toMatchObject({ leaves: RECEIPTS + 1, corrupt: [] })
    expect(report.groups).toBeGreaterThan(30)
    expect(progress.at(-1)).toBe(RECEIPTS + 1)
  })

  test('takes nothing for damage that is erased while it reads', async () => {
    let erased: Promise<unknown> | undefined
    const erasing: ObjectStore = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...args: readonly unknown[]) => {
          if (name === 'openJournal') {
            erased ??= openStoredLog(store, log.id).then((stored) => stored?.erase(receiptOf(500).jti))
            await erased
          }
          return Reflect.apply(member, target, args)
        }
      },
    })
    expect((await scrubLog(erasing, log.id, { repair: false })).corrupt).toEqual([])
    expect(await erased).toBe(true)
  })

  test('[L14] finds a flip of any bit in sampled octets of everything, and names the object', async () => {
    const paths = files.paths().filter((path) => path.includes(log.id) && !path.endsWith('/wal/0'))
    expect(paths.length).toBeGreaterThan(12)
    for (const path of paths) {
      for (const place of sample(path, 3)) {
        const mend = flip(path, 8 * place + (place % 8))
        const { corrupt } = await scrubLog(store, log.id, { repair: false })
        expect(
          corrupt.map(({ name }) => memoryPath(name)),
          `${path} ${place}`,
        ).toContain(path)
        mend()
      }
    }
  }, 60_000)

  test('[L14] finds a flip of any bit in any octet of a bundle, and names the leaf', async () => {
    const path = published(log, 'tile/entries/001')
    for (const place of [0, 1, 2, 34, 35, 37, 4_000, 8_959]) {
      for (let bit = 0; bit < 8; bit += 3) {
        const mend = flip(path, 8 * place + bit)
        const { corrupt } = await scrubLog(store, log.id, { repair: false })
        expect(corrupt, `${place}`).toContainEqual({
          what: 'entry',
          index: 256 + Math.floor(place / 35),
          name: `log/${log.id}/tile/entries/001`,
          repaired: false,
        })
        mend()
      }
    }
  })

  test('[L14] finds every bit of a sealed record, and names its leaf', async () => {
    const { sealed } = receiptOf(4)
    const path = files
      .paths()
      .find((name) => name.includes('/wal/') && Buffer.from(files.read(name) ?? []).includes(Buffer.from(sealed)))
    const start = Buffer.from(files.read(path ?? '') ?? []).indexOf(Buffer.from(sealed))
    for (let bit = 0; bit < 8 * sealed.length; bit += 5) {
      const mend = flip(path ?? '', 8 * start + bit)
      const { corrupt } = await scrubLog(store, log.id, { repair: false })
      expect(corrupt).toMatchObject([{ what: 'sealed', index: 5 }])
      mend()
    }
    flip(path ?? '', 8 * start)
    await expect((await openStoredLog(store, log.id))?.readSealed(receiptOf(4).jti)).rejects.toMatchObject({
      failure: 'LOG_LEAF_CORRUPT',
      message: expect.stringContaining('leaf 5'),
    })
  })

  test('goes on behind a group that is damaged, and finds the next one as well', async () => {
    const path = segmentPath(log, 1)
    const groups = [
      ...Buffer.from(files.read(path) ?? [])
        .toString('latin1')
        .matchAll(/CSG2/g),
    ]
    for (const number of [1, 3]) flip(path, 8 * ((groups[number]?.index ?? 0) + 140))
    const { corrupt } = await scrubLog(store, log.id, { repair: false })
    expect(corrupt.map(({ what }) => what)).toEqual(['wal', 'wal'])
    expect(new Set(corrupt.map(({ index }) => index)).size).toBe(2)
  })

  test('restores tiles, bundles and runs from the write-ahead log', async () => {
    const before = new Map(files.paths().map((path) => [path, files.read(path)]))
    const bad = ['tile/entries/000', 'tile/0/001']
    for (const path of bad) flip(published(log, path), 77)
    files.put(published(log, 'tile/entries/002.p/89'), new Uint8Array(3))
    const run = files.paths().find((path) => path.includes('/index/')) ?? ''
    flip(run, 8 * 100)
    const { corrupt } = await scrubLog(store, log.id, { repair: true })
    expect(corrupt.filter(({ repaired }) => !repaired)).toEqual([])
    expect(corrupt.length).toBeGreaterThanOrEqual(bad.length + 2)
    for (const [path, bytes] of before) expect(sameOctets(files.read(path), bytes), path).toBe(true)
    expect(await scrubLog(store, log.id, { repair: false })).toMatchObject({ corrupt: [] })
  })
})

describe('reading', () => {
  test('[L14] restores a damaged tile before it is served, and serves none that cannot be restored', async () => {
    const bad = ['tile/entries/001', 'tile/0/000', 'tile/0/002.p/89', 'tile/1/000.p/2']
    for (const path of bad) {
      const before = files.read(published(log, path))
      flip(published(log, path), 8 * 40)
      const stored = await openStoredLog(store, log.id)
      expect(await stored?.readFile(path), path).toEqual(before)
      expect(files.read(published(log, path))).toEqual(before)
    }
    for (const path of files.paths()) if (path.includes('/wal/')) files.put(path, new Uint8Array(9))
    flip(published(log, 'tile/entries/001'), 8 * 40)
    const stored = await openStoredLog(store, log.id)
    await expect(stored?.readFile('tile/entries/001')).rejects.toMatchObject({
      code: 'ERR_STATE',
      failure: 'LOG_LEAF_CORRUPT',
      message: expect.stringContaining('leaf 257'),
    })
    expect(await stored?.readFile('tile/entries/000')).toEqual(files.read(published(log, 'tile/entries/000')))
  })

  test('proves leaves over tiles that had to be restored', async () => {
    for (const path of files.paths()) if (path.includes('/tile/')) files.put(path, new Uint8Array(randomBytes(31)))
    const stored = await openStoredLog(store, log.id)
    expect(await stored?.inclusionProof(300, 601)).toEqual(tree.inclusionProof(300, 601))
  })

  test('refuses a checkpoint, a genesis and a session that are not what was published', async () => {
    const mend = flip(published(log, 'genesis'), 9)
    await expect((await openStoredLog(store, log.id))?.readFile('genesis')).rejects.toMatchObject({
      failure: 'LOG_LEAF_CORRUPT',
    })
    mend()
    const name = `session/${'0'.repeat(64)}`
    files.put(published(log, name), GENESIS)
    await expect((await openStoredLog(store, log.id))?.readFile(name)).rejects.toMatchObject({
      failure: 'LOG_LEAF_CORRUPT',
    })
    flip(published(log, 'checkpoint'), 8 * 60)
    await expect(openStoredLog(store, log.id)).rejects.toMatchObject({ failure: 'LOG_LEAF_CORRUPT' })
    expect((await scrubLog(store, log.id, { repair: true })).corrupt).toContainEqual({
      what: 'checkpoint',
      index: 0,
      name: `log/${log.id}/checkpoint`,
      repaired: false,
    })
  })
})

describe('erasure', () => {
  test('turns the sealed octets to zeros and keeps the leaf, which the scrub knows', async () => {
    const stored = await openStoredLog(store, log.id)
    const { sealed, jti } = receiptOf(123)
    const isThere = (): boolean =>
      files.paths().some((path) => Buffer.from(files.read(path) ?? []).includes(Buffer.from(sealed)))
    expect(isThere()).toBe(true)
    expect(await stored?.erase(jti)).toBe(true)
    expect(isThere()).toBe(false)
    expect(await stored?.readSealed(jti)).toBeUndefined()
    expect(await stored?.readSealed(receiptOf(124).jti)).toMatchObject({ seq: 124 })
    expect(await stored?.erase(idOf(9_999))).toBe(false)
    expect(await scrubLog(store, log.id, { repair: false })).toMatchObject({ corrupt: [] })
    expect(await stored?.frontier()).toMatchObject({ size: RECEIPTS + 1 })
  })

  test('works on the log that is written, of a record of any age', async () => {
    const own = new MemoryFiles()
    const running = await openLog(own, { options: OPTIONS })
    for (let n = 0; n < 200; n++) await answer(running, n)
    for (const n of [3, 199]) {
      expect(await running.erase(receiptOf(n).jti)).toBe(true)
      expect(await running.readSealed(receiptOf(n).jti)).toBeUndefined()
    }
    await answer(running, 200)
    expect(await running.readSealed(receiptOf(200).jti)).toMatchObject({ seq: 200 })
    await running.close()
    expect(await scrubLog(createMemoryStore(own), running.id, { repair: false })).toMatchObject({ corrupt: [] })
  })
})
