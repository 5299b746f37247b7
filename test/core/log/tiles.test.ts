/** Trees that live in tiles: they grow, answer and are refused like the tree in memory. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  authenticTiles,
  CorruptTileError,
  decodeTilePath,
  encodeTilePath,
  GrowingTree,
  hashLeaf,
  MerkleTree,
  proveConsistency,
  proveInclusion,
  type Tile,
  type TileSource,
  tileIn,
  tilesOf,
  treeRoot,
} from '../../../src/core/log/index.ts'
import { entryAt, publishLog, TileStore } from './tile-store.ts'

/** Leaf hashes that cost nothing to make. */
function cheapHash(index: number): Uint8Array {
  const hash = new Uint8Array(32)
  new DataView(hash.buffer).setUint32(0, index)
  return hash
}

/** The tiles of any tree up to the size of `tree`, read from it. */
function tilesFrom(tree: MerkleTree): TileSource {
  return {
    read: async ({ level, index, width }) => tree.hashes(level === 'entries' ? 0 : level * 8, index * 256, width),
  }
}

/** What a tile of `tree` must hold. */
function expected(tree: MerkleTree, { level, index, width }: Tile): Uint8Array {
  return tree.hashes(level === 'entries' ? 0 : level * 8, index * 256, width)
}

/** Compared as text: quicker by far than octet by octet. */
function octetsOf(hashes: readonly Uint8Array[]): string {
  return Buffer.concat(hashes).toString('base64')
}

const MANY = 70_000
const large = new MerkleTree()
for (let i = 0; i < MANY; i++) large.append(cheapHash(i))

describe('a growing tree', () => {
  test('has the root of the tree in memory at every size', () => {
    const tree = new GrowingTree()
    for (let size = 0; size <= 1_100; size++) {
      expect(tree.root()).toEqual(large.root(size))
      tree.append(cheapHash(size))
    }
  })

  test('gives the tiles that tilesOf counts, each with the hashes of the tree', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 })
    fc.assert(
      fc.property(steps, (grow) => {
        const tree = new GrowingTree()
        for (const count of grow) {
          const from = tree.size
          for (let i = 0; i < count; i++) tree.append(cheapHash(tree.size))
          const taken = tree.takeTiles()
          const due = tilesOf(tree.size, from).filter(({ level }) => level !== 'entries')
          expect(taken.map(({ tile }) => encodeTilePath(tile)).sort()).toEqual(due.map(encodeTilePath).sort())
          for (const { tile, bytes } of taken) expect(octetsOf([bytes])).toBe(octetsOf([expected(large, tile)]))
        }
      }),
      { numRuns: 40 },
    )
  })

  test.each([0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000])(
    'goes on from stored tiles at size %i',
    async (size) => {
      const tree = await GrowingTree.from(tilesFrom(large), size)
      expect([tree.size, tree.takeTiles()]).toEqual([size, []])
      expect(tree.root()).toEqual(large.root(size))
      for (let next = size; next < size + 600; next++) {
        tree.append(cheapHash(next))
        expect(tree.root()).toEqual(large.root(next + 1))
      }
      const due = tilesOf(size + 600, size).filter(({ level }) => level !== 'entries')
      const taken = tree.takeTiles()
      expect(taken.map(({ tile }) => encodeTilePath(tile)).sort()).toEqual(due.map(encodeTilePath).sort())
      for (const { tile, bytes } of taken) expect(octetsOf([bytes])).toBe(octetsOf([expected(large, tile)]))
    },
  )

  test('opens by reading the partial tile of each level, whatever its size', async () => {
    const reads: string[] = []
    const source: TileSource = {
      read: async (tile) => {
        reads.push(encodeTilePath(tile))
        return new Uint8Array(tile.width * 32)
      },
    }
    const tree = await GrowingTree.from(source, 10_000_000)
    expect(tree.size).toBe(10_000_000)
    expect(reads).toEqual(['tile/0/x039/062.p/128', 'tile/1/152.p/150', 'tile/2/000.p/152'])
  })

  test('answers from memory for tiles that were not taken, and hands over what it gives', async () => {
    const tree = new GrowingTree()
    for (let i = 0; i < 600; i++) tree.append(cheapHash(i))
    const stored = new TileStore()
    const source = tree.over(stored)
    for (const size of [1, 255, 256, 300, 512, 600]) expect(await treeRoot(source, size)).toEqual(large.root(size))
    expect(stored.reads).toEqual([])
    expect(tree.tile({ level: 0, index: 2, width: 89 })).toBeUndefined()
    expect(tree.tile({ level: 'entries', index: 0, width: 256 })).toBeUndefined()

    tree.tile({ level: 0, index: 2, width: 88 })?.fill(0xff)
    for (const { tile, bytes } of tree.takeTiles()) {
      stored.write(tile, bytes.slice())
      if (tile.width < 256) bytes.fill(0xff)
    }
    expect(tree.root()).toEqual(large.root(600))
    expect(await proveInclusion(source, 0, 600)).toEqual(large.inclusionProof(0, 600))
    expect(stored.reads).toEqual(['tile/0/000'])
  })

  test('copies the leaf hash that it is given', () => {
    const tree = new GrowingTree()
    const hash = cheapHash(0)
    tree.append(hash)
    hash.fill(0xff)
    expect(tree.root()).toEqual(large.root(1))
  })

  test('refuses what is no leaf hash, and no size', async () => {
    expect(() => new GrowingTree().append(new Uint8Array(31))).toThrow('32 octets')
    for (const size of [-1, 0.5, 2 ** 53])
      await expect(GrowingTree.from(tilesFrom(large), size)).rejects.toThrow('whole number')
  })

  test('refuses a stored tile of another length', async () => {
    const source: TileSource = { read: async ({ width }) => new Uint8Array(width * 32 - 1) }
    await expect(GrowingTree.from(source, 300)).rejects.toMatchObject({ failure: 'LOG_LEAF_CORRUPT' })
  })
})

describe('proofs from tiles', () => {
  const source = tilesFrom(large)

  test('are those of the tree in memory, for every leaf and older size of small trees', async () => {
    for (const size of [1, 2, 3, 7, 8, 9, 255, 256, 257, 300]) {
      expect(await treeRoot(source, size)).toEqual(large.root(size))
      for (let i = 0; i < size; i++) {
        const made = [...(await proveInclusion(source, i, size)), ...(await proveConsistency(source, i, size))]
        expect(octetsOf(made)).toBe(octetsOf([...large.inclusionProof(i, size), ...large.consistencyProof(i, size)]))
      }
      expect(await proveConsistency(source, size, size)).toEqual([])
    }
  })

  test('are those of the tree in memory at some place of every size up to 2100', async () => {
    for (let size = 1; size <= 2_100; size++) {
      const index = 104_729 % size
      const older = 224_737 % (size + 1)
      const made = [
        await treeRoot(source, size),
        ...(await proveInclusion(source, index, size)),
        ...(await proveConsistency(source, older, size)),
      ]
      const due = [large.root(size), ...large.inclusionProof(index, size), ...large.consistencyProof(older, size)]
      expect([size, octetsOf(made)]).toEqual([size, octetsOf(due)])
    }
  })

  test('are those of the tree in memory at random places of random sizes', async () => {
    const places = fc.integer({ min: 1, max: MANY }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        index: fc.integer({ min: 0, max: size - 1 }),
        older: fc.integer({ min: 0, max: size }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(places, async ({ size, index, older }) => {
        expect(await treeRoot(source, size)).toEqual(large.root(size))
        expect(await proveInclusion(source, index, size)).toEqual(large.inclusionProof(index, size))
        expect(await proveConsistency(source, older, size)).toEqual(large.consistencyProof(older, size))
      }),
    )
  })

  test('read no tile twice, and tiles as wide as that tree has them', async () => {
    const { store, tree } = publishLog(600)
    expect(await proveInclusion(store, 300, 600)).toEqual(tree.inclusionProof(300))
    expect(store.reads.toSorted()).toEqual(['tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'])
  })

  test('reach to the largest sizes', async () => {
    const size = Number.MAX_SAFE_INTEGER
    const zeros: TileSource = { read: async ({ width }) => new Uint8Array(width * 32) }
    expect(await proveInclusion(zeros, 0, size)).toHaveLength(53)
    expect(await proveInclusion(zeros, size - 1, size)).toHaveLength(52)
    expect(await proveConsistency(zeros, 2 ** 52, size)).toHaveLength(1)
  })

  test('are refused for places outside of the tree', () => {
    expect(() => proveInclusion(source, 5, 5)).toThrow('no leaf 5 in a tree of 5')
    expect(() => proveInclusion(source, 0, 2 ** 53)).toThrow('no leaf')
    expect(() => proveConsistency(source, 6, 5)).toThrow('does not continue')
    expect(() => tileIn(512, { level: 0, index: 2 })).toThrow('no tile 2')
  })
})

describe('authentic tiles', () => {
  const SIZE = 700
  const { tree, store } = publishLog(SIZE)
  const head = { size: SIZE, root: tree.root() }
  const paths = [...store.files.keys()]

  /** The store with one octet of one file changed. */
  function damaged(path: string, offset: number, bit = 1): TileStore {
    const copy = new TileStore()
    for (const [name, bytes] of store.files) copy.files.set(name, bytes)
    const bytes = Uint8Array.from(store.files.get(path) ?? [])
    bytes[offset] = (bytes[offset] ?? 0) ^ bit
    copy.files.set(path, bytes)
    return copy
  }

  test('are the tiles of the log, in every width up to the present one', async () => {
    const tiles = authenticTiles(store, head)
    for (const path of paths)
      expect([path, await tiles.read(decodeTilePath(path))]).toEqual([path, store.files.get(path)])
    const narrow = await tiles.read({ level: 0, index: 1, width: 3 })
    expect(narrow).toEqual(store.files.get('tile/0/001')?.slice(0, 96))
    const bundle = await tiles.read({ level: 'entries', index: 2, width: 7 })
    expect(bundle).toEqual(store.files.get('tile/entries/002.p/188')?.slice(0, 7 * 35))
  })

  test('answer for smaller trees with the tiles of the present one', async () => {
    const tiles = authenticTiles(store, head)
    for (const size of [1, 200, 256, 300, 699]) {
      expect(await treeRoot(tiles, size)).toEqual(tree.root(size))
      expect(await proveInclusion(tiles, size - 1, size)).toEqual(tree.inclusionProof(size - 1, size))
    }
  })

  test('[L14] refuse any flipped bit of a hash tile', async () => {
    const hashTiles = paths.filter((path) => !path.includes('entries'))
    const flips = fc.constantFrom(...hashTiles).chain((path) =>
      fc.record({
        path: fc.constant(path),
        offset: fc.integer({ min: 0, max: (store.files.get(path)?.length ?? 0) - 1 }),
        bit: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128),
      }),
    )
    await fc.assert(
      fc.asyncProperty(flips, async ({ path, offset, bit }) => {
        const read = authenticTiles(damaged(path, offset, bit), head).read(decodeTilePath(path))
        const error = await read.then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(CorruptTileError)
        expect(error).toMatchObject({ failure: 'LOG_LEAF_CORRUPT', message: expect.stringContaining(path) })
      }),
    )
  })

  test('[L14] refuse any flipped bit of an entry, and name its leaf', async () => {
    const flips = fc.record({
      leaf: fc.integer({ min: 0, max: SIZE - 1 }),
      octet: fc.integer({ min: 0, max: 34 }),
      bit: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128),
    })
    await fc.assert(
      fc.asyncProperty(flips, async ({ leaf, octet, bit }) => {
        const tile = tileIn(SIZE, { level: 'entries', index: Math.floor(leaf / 256) })
        const host = damaged(encodeTilePath(tile), (leaf % 256) * 35 + octet, bit)
        await expect(authenticTiles(host, head).read(tile)).rejects.toMatchObject({
          failure: 'LOG_LEAF_CORRUPT',
          leaf,
          tiles: [tile],
          message: `leaf ${leaf} in ${encodeTilePath(tile)} is corrupt`,
        })
      }),
    )
  })

  test.each([
    ['cut short', (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1), 699],
    ['longer than its entries', (bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, 0), 699],
    ['empty', (): Uint8Array => new Uint8Array(), 512],
  ])('[L14] refuse a bundle that is %s, and name the first leaf that is bad', async (_, change, leaf) => {
    const tile = tileIn(SIZE, { level: 'entries', index: 2 })
    const host = damaged('tile/0/000', 0, 0)
    host.write(tile, change(store.files.get(encodeTilePath(tile)) ?? new Uint8Array()))
    await expect(authenticTiles(host, head).read(tile)).rejects.toMatchObject({ leaf })
  })

  test('[L14] refuse a tile of another length', async () => {
    for (const path of ['tile/0/000', 'tile/0/002.p/188']) {
      const host = damaged(path, 0, 0)
      host.files.set(path, store.files.get(path)?.slice(0, -32) ?? new Uint8Array())
      await expect(authenticTiles(host, head).read(decodeTilePath(path))).rejects.toMatchObject({
        failure: 'LOG_LEAF_CORRUPT',
      })
    }
  })

  test('refuse all tiles under the root of another tree', async () => {
    const tiles = authenticTiles(store, { size: SIZE, root: tree.root(SIZE - 1) })
    for (const path of paths)
      await expect(tiles.read(decodeTilePath(path))).rejects.toMatchObject({ failure: 'LOG_LEAF_CORRUPT' })
  })

  test('are read once while they are kept, and again once they are dropped', async () => {
    const { store: host, tree: own } = publishLog(1_500)
    const tiles = authenticTiles(host, { size: 1_500, root: own.root() }, { capacity: 2 })
    const read = (index: number): Promise<Uint8Array> => tiles.read({ level: 0, index, width: 256 })
    const count = (index: number): number => host.reads.filter((path) => path === `tile/0/00${index}`).length
    await Promise.all([read(0), read(0)])
    await read(1)
    await read(0)
    expect([count(0), count(1)]).toEqual([1, 1])
    await read(2)
    await read(0)
    expect([count(0), count(1)]).toEqual([1, 1])
    await read(1)
    expect(count(1)).toBe(2)
  })

  test('stay verified whatever becomes of the octets that were given', async () => {
    const tiles = authenticTiles(store, head)
    for (const tile of [tileIn(SIZE, { level: 0, index: 0 }), tileIn(SIZE, { level: 0, index: 2 })]) {
      const before = await tiles.read(tile)
      const kept = before.slice()
      before.fill(0)
      expect(await tiles.read(tile)).toEqual(kept)
    }
  })

  test('are asked for again after a failure', async () => {
    const host = damaged('tile/0/000', 3)
    const edge = damaged('tile/1/000.p/2', 3)
    for (const [source, tile] of [
      [host, tileIn(SIZE, { level: 0, index: 0 })],
      [edge, tileIn(SIZE, { level: 1, index: 0 })],
    ] as const) {
      const tiles = authenticTiles(source, head)
      await expect(tiles.read(tile)).rejects.toThrow(CorruptTileError)
      for (const [name, bytes] of store.files) source.files.set(name, bytes)
      expect(await tiles.read(tile)).toEqual(store.files.get(encodeTilePath(tile)))
    }
  })

  test('refuse tiles that the tree does not have, before the source is asked', async () => {
    const host = damaged('tile/0/000', 0, 0)
    const tiles = authenticTiles(host, head)
    for (const tile of [
      { level: 0, index: 2, width: 189 },
      { level: 0, index: 3, width: 1 },
      { level: 2, index: 0, width: 1 },
      { level: 0, index: 0, width: 0 },
    ])
      await expect(tiles.read(tile)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(host.reads).toEqual([])
  })

  test('advance to a later head, and keep what was verified', async () => {
    const { store: host, tree: own } = publishLog(900)
    for (const [name, bytes] of store.files) host.files.set(name, bytes)
    const tiles = authenticTiles(host, head)
    await tiles.read({ level: 0, index: 1, width: 256 })
    const later = await tiles.advance({ size: 900, root: own.root() })
    host.reads.length = 0
    expect(await later.read({ level: 0, index: 1, width: 256 })).toEqual(host.files.get('tile/0/001'))
    expect(host.reads).toEqual([])
    expect(await later.read(tileIn(900, { level: 'entries', index: 3 }))).toHaveLength(132 * 35)
    expect(later.head.size).toBe(900)
  })

  test('do not take a read over that fails after they advanced', async () => {
    const { store: host, tree: own } = publishLog(900)
    for (const [name, bytes] of store.files) host.files.set(name, bytes)
    let lose: (() => void) | undefined
    const source: TileSource = {
      read: (tile) =>
        tile.level === 0 && tile.index === 1 && lose === undefined
          ? new Promise((_, reject) => {
              lose = () => reject(new Error('the disk is busy'))
            })
          : host.read(tile),
    }
    const tiles = authenticTiles(source, head)
    const lost = tiles.read({ level: 0, index: 1, width: 256 })
    const later = await tiles.advance({ size: 900, root: own.root() })
    lose?.()
    await expect(lost).rejects.toThrow('busy')
    expect(await later.read({ level: 0, index: 1, width: 256 })).toEqual(host.files.get('tile/0/001'))
  })

  test('do not advance to a head that does not continue them', async () => {
    const other = new MerkleTree()
    const host = new TileStore()
    const growing = new GrowingTree()
    for (let i = 0; i < 900; i++) {
      const hash = hashLeaf(entryAt(i === 3 ? 4 : i))
      other.append(hash)
      growing.append(hash)
    }
    for (const { tile, bytes } of growing.takeTiles()) host.write(tile, bytes)
    for (const [name, bytes] of store.files) if (!host.files.has(name)) host.files.set(name, bytes)
    const next = { size: 900, root: other.root() }
    await expect(authenticTiles(host, head).advance(next)).rejects.toMatchObject({ failure: 'LOG_CONSISTENCY' })
    const shrunk = { size: 600, root: tree.root(600) }
    await expect(authenticTiles(store, head).advance(shrunk)).rejects.toMatchObject({ failure: 'LOG_CONSISTENCY' })
  })
})
