/** What a scrub of a log finds on a disk that lost, garbled or rewrote parts of it. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeEntryBundle,
  encodeTilePath,
  GrowingTree,
  hashLeaf,
  scrubTree,
  type TreeScrub,
  tilesOf,
} from '../../../src/core/log/index.ts'
import { entryAt, publishLog, TileStore } from './tile-store.ts'

// 65,536 + 700 leaves: full tiles below full tiles, and a right edge on three levels.
const SIZE = 66_236
const { tree, store } = publishLog(SIZE)
const HEAD = { size: SIZE, root: tree.root() }

/** The store with some files changed; undefined removes one. */
function changed(files: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>>): TileStore {
  const copy = new TileStore()
  for (const [path, bytes] of store.files) copy.files.set(path, bytes)
  for (const [path, change] of Object.entries(files)) {
    const old = store.files.get(path)
    if (old === undefined) throw new Error(`no file ${path}`)
    const bytes = change(old)
    if (bytes) copy.files.set(path, bytes)
    else copy.files.delete(path)
  }
  return copy
}

const flipAt =
  (offset: number) =>
  (bytes: Uint8Array): Uint8Array =>
    bytes.map((octet, i) => (i === offset ? octet ^ 1 : octet))
const gone = (): undefined => undefined

/** One line for each bad part. */
function named({ corrupt }: TreeScrub): readonly string[] {
  return corrupt.map((part) => {
    if (part.what === 'root') return 'root'
    const name = encodeTilePath(part.tile)
    return part.what === 'entry' ? `leaf ${part.index} ${part.fault} in ${name}` : `${name} ${part.fault}`
  })
}

async function scrub(files: Parameters<typeof changed>[0]): Promise<readonly string[]> {
  return named(await scrubTree(changed(files), HEAD))
}

describe('a scrub', () => {
  test('reads all of a sound log, and says how far it is', async () => {
    const progress: number[] = []
    const host = changed({})
    expect(await scrubTree(host, HEAD, (leaves) => progress.push(leaves))).toEqual({ leaves: SIZE, corrupt: [] })
    expect(host.reads.toSorted()).toEqual([...store.files.keys()].toSorted())
    expect(progress.slice(0, 2)).toEqual([256, 512])
    expect([progress.length, progress.at(-1)]).toEqual([259, SIZE])
  })

  test.each([0, 1, 255, 256, 257, 65_536])('finds nothing in a sound log of %i leaves', async (size) => {
    const log = publishLog(size)
    expect(await scrubTree(log.store, { size, root: log.tree.root() })).toEqual({ leaves: size, corrupt: [] })
  })

  test('[L14] names the leaf whose octets were changed', async () => {
    expect(await scrub({ 'tile/entries/003': flipAt(35 * 7 + 20) })).toEqual(['leaf 775 other in tile/entries/003'])
    expect(await scrub({ 'tile/entries/258.p/188': flipAt(35 * 187 + 2) })).toEqual([
      'leaf 66235 other in tile/entries/258.p/188',
    ])
  })

  test('[L14] names every bad leaf, from the left', async () => {
    const found = await scrub({
      'tile/entries/200': (bytes) => flipAt(2)(flipAt(35 * 255 + 34)(bytes)),
      'tile/entries/003': flipAt(5),
    })
    expect(found).toEqual([
      'leaf 768 other in tile/entries/003',
      'leaf 51200 other in tile/entries/200',
      'leaf 51455 other in tile/entries/200',
    ])
  })

  test.each([
    ['cut', (bytes: Uint8Array): Uint8Array => bytes.slice(0, 35 * 9), 'leaf 777 unreadable'],
    ['longer', (bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, 0), 'leaf 1023 unreadable'],
    ['gone', gone, 'leaf 768 unreadable'],
  ])('[L14] names the first leaf that cannot be read in a bundle that is %s', async (_, change, fault) => {
    expect(await scrub({ 'tile/entries/003': change })).toEqual([`${fault} in tile/entries/003`])
  })

  test.each(['tile/0/003', 'tile/0/258.p/188', 'tile/1/000', 'tile/1/001.p/2', 'tile/2/000.p/1'])(
    '[L14] names %s, and no leaf, when it was changed or lost',
    async (path) => {
      expect(await scrub({ [path]: flipAt(3) })).toEqual([`${path} other`])
      expect(await scrub({ [path]: gone })).toEqual([`${path} unreadable`])
      expect(await scrub({ [path]: (bytes) => bytes.slice(1) })).toEqual([`${path} unreadable`])
    },
  )

  test('[L14] names bad tiles of several levels at once', async () => {
    const found = await scrub({
      'tile/0/001': flipAt(0),
      'tile/0/258.p/188': flipAt(0),
      'tile/1/000': flipAt(32 * 9),
      'tile/1/001.p/2': flipAt(0),
    })
    expect(found).toEqual(['tile/1/001.p/2 other', 'tile/0/258.p/188 other', 'tile/1/000 other', 'tile/0/001 other'])
  })

  test('[L14] names the bad leaf also where the tile above it is bad', async () => {
    const found = await scrub({ 'tile/0/003': flipAt(32 * 4), 'tile/entries/003': flipAt(35 * 7 + 20) })
    expect(found).toEqual(['tile/0/003 other', 'leaf 775 other in tile/entries/003'])
  })

  test('[L14] names good leaves beside the bad one where the tile above them is gone', async () => {
    const found = await scrub({ 'tile/0/003': gone, 'tile/entries/003': flipAt(35 * 7 + 20) })
    expect([found.length, found[0], found[8]]).toEqual([
      257,
      'tile/0/003 unreadable',
      'leaf 775 other in tile/entries/003',
    ])
  })

  test('[L14] names a tile and a bundle of which many places differ', async () => {
    const scramble = (bytes: Uint8Array): Uint8Array => bytes.map((octet, i) => (i % 35 === 7 ? octet ^ 1 : octet))
    expect(await scrub({ 'tile/0/003': (bytes) => bytes.toReversed() })).toEqual(['tile/0/003 other'])
    const bundle = await scrub({ 'tile/entries/003': scramble })
    expect(bundle).toHaveLength(256)
    expect((await scrub({ 'tile/0/003': flipAt(0), 'tile/entries/003': scramble }))[0]).toBe('tile/0/003 other')
  })

  test('[L14] names the highest tile below which all was rewritten together', async () => {
    const forged = new GrowingTree()
    const entries = Array.from({ length: 256 }, (_, i) => entryAt(i === 9 ? 0 : 256 + i))
    for (const entry of entries) forged.append(hashLeaf(entry))
    const files = {
      'tile/0/001': (): Uint8Array => forged.tile({ level: 0, index: 0, width: 256 }) ?? new Uint8Array(),
      'tile/entries/001': (): Uint8Array => encodeEntryBundle(entries),
    }
    expect(await scrub(files)).toEqual(['tile/0/001 rewritten'])
  })

  test('[L14] says so when the whole log is that of another root', async () => {
    expect(named(await scrubTree(store, { size: SIZE, root: tree.root(5) }))).toEqual(['root'])
    const none = { size: 0, root: tree.root(5) }
    expect(named(await scrubTree(new TileStore(), none))).toEqual(['root'])
  })

  test('[L14] names any one flipped bit of a small log, and nothing else', async () => {
    const size = 700
    const small = publishLog(size)
    const head = { size, root: small.tree.root() }
    const flips = fc.constantFrom(...tilesOf(size)).chain((tile) =>
      fc.record({
        tile: fc.constant(tile),
        offset: fc.integer({ min: 0, max: tile.width * (tile.level === 'entries' ? 35 : 32) - 1 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(flips, async ({ tile, offset }) => {
        const host = new TileStore()
        for (const [path, bytes] of small.store.files) host.files.set(path, bytes)
        const path = encodeTilePath(tile)
        host.files.set(path, flipAt(offset)(small.store.files.get(path) ?? new Uint8Array()))
        const { corrupt } = await scrubTree(host, head)
        const leaf = tile.index * 256 + Math.floor(offset / 35)
        expect(corrupt[0]).toMatchObject(
          tile.level === 'entries' ? { what: 'entry', index: leaf, tile } : { what: 'tile', tile },
        )
        // A changed length makes what is behind it unreadable, which is all that may be named beside.
        if (tile.level !== 'entries' || offset % 35 > 1) expect(corrupt).toHaveLength(1)
      }),
    )
  })
})
