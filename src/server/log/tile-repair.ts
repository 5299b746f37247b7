/** Makes tiles and bundles again from the write-ahead log, which holds every entry in clear. Nothing here is trusted: the reader verifies. @module */
import {
  ENTRY_SIZE,
  encodeTilePath,
  HASH_SIZE,
  hashLeaf,
  MerkleTree,
  TILE_WIDTH,
  type Tile,
} from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { attemptWrite } from './attempt-write.ts'
import { findSegment } from './find-segment.ts'
import { publishedName } from './names.ts'
import { BUNDLE_ITEM_SIZE, storedTiles } from './stored-tiles.ts'
import { HEAD_SIZE } from './wal-format.ts'
import { scanWal } from './wal-scan.ts'

/**
 * Stores a tile as the write-ahead log and the level below have it, `deep` as the write-ahead log alone has it: where the level below is
 * damaged as well. False when they do not say.
 */
export async function restoreTile(store: ObjectStore, id: string, tile: Tile, deep = false): Promise<boolean> {
  const bytes = await remakeTile(store, id, { tile, deep })
  if (bytes === undefined) return false
  return attemptWrite(store, () => store.write([{ name: publishedName(id, encodeTilePath(tile)), bytes }]))
}

interface Remake {
  readonly tile: Tile
  readonly deep: boolean
}

async function remakeTile(store: ObjectStore, id: string, { tile, deep }: Remake): Promise<Uint8Array | undefined> {
  try {
    const { level, index, width } = tile
    if (level !== 'entries' && level > 0)
      return await hashTilesBelow(store, id, { tile: { level, index, width }, deep })
    const first = index * TILE_WIDTH
    const entries =
      (await readWalEntries(store, id, { first, count: width })) ??
      (level === 0 ? await readBundle(store, id, { level: 'entries', index, width }) : undefined)
    return entries && (level === 'entries' ? layOutBundle(entries) : hashEntries(entries))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** Entries of a run of leaves, back to back; undefined when the log does not hold all of them. */
export async function readWalEntries(
  store: ObjectStore,
  id: string,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<Uint8Array | undefined> {
  const found = new Uint8Array(count * ENTRY_SIZE)
  let next = first
  const from = await findSegment(store, id, ({ position }) => position.firstIndex <= first)
  await scanWal(store, id, {
    from,
    untilIndex: first + count - 1,
    visit: ({ bytes, firstIndex, entries }) => {
      const start = Math.max(next, firstIndex)
      const end = Math.min(first + count, firstIndex + entries)
      if (start !== next || end <= start) return undefined
      const at = HEAD_SIZE + (start - firstIndex) * ENTRY_SIZE
      found.set(bytes.subarray(at, at + (end - start) * ENTRY_SIZE), (start - first) * ENTRY_SIZE)
      next = end
      return undefined
    },
  })
  return next === first + count ? found : undefined
}

async function readBundle(store: ObjectStore, id: string, tile: Tile): Promise<Uint8Array | undefined> {
  const bundle = await storedTiles(store, id).read(tile)
  if (bundle.length !== tile.width * BUNDLE_ITEM_SIZE) return undefined
  const entries = new Uint8Array(tile.width * ENTRY_SIZE)
  for (let i = 0; i < tile.width; i++)
    entries.set(bundle.subarray(i * BUNDLE_ITEM_SIZE + 2, (i + 1) * BUNDLE_ITEM_SIZE), i * ENTRY_SIZE)
  return entries
}

function layOutBundle(entries: Uint8Array): Uint8Array {
  const bundle = new Uint8Array((entries.length / ENTRY_SIZE) * BUNDLE_ITEM_SIZE)
  for (let i = 0; i * ENTRY_SIZE < entries.length; i++) {
    bundle[i * BUNDLE_ITEM_SIZE + 1] = ENTRY_SIZE
    bundle.set(entries.subarray(i * ENTRY_SIZE, (i + 1) * ENTRY_SIZE), i * BUNDLE_ITEM_SIZE + 2)
  }
  return bundle
}

function hashEntries(entries: Uint8Array): Uint8Array {
  const hashes = new Uint8Array((entries.length / ENTRY_SIZE) * HASH_SIZE)
  for (let i = 0; i * ENTRY_SIZE < entries.length; i++)
    hashes.set(hashLeaf(entries.subarray(i * ENTRY_SIZE, (i + 1) * ENTRY_SIZE)), i * HASH_SIZE)
  return hashes
}

/** Each hash of a tile is the root over a full tile of the level below. */
async function hashTilesBelow(
  store: ObjectStore,
  id: string,
  { tile: { level, index, width }, deep }: { readonly tile: Tile & { readonly level: number }; readonly deep: boolean },
): Promise<Uint8Array | undefined> {
  const hashes = new Uint8Array(width * HASH_SIZE)
  for (let i = 0; i < width; i++) {
    const tile = { level: level - 1, index: index * TILE_WIDTH + i, width: TILE_WIDTH }
    const below = deep ? undefined : await readWhole(store, id, tile)
    const made = below ?? (await remakeTile(store, id, { tile, deep }))
    if (made === undefined) return undefined
    const tree = new MerkleTree()
    for (let at = 0; at < made.length; at += HASH_SIZE) tree.append(made.subarray(at, at + HASH_SIZE))
    hashes.set(tree.root(), i * HASH_SIZE)
  }
  return hashes
}

async function readWhole(store: ObjectStore, id: string, tile: Tile): Promise<Uint8Array | undefined> {
  const bytes = await storedTiles(store, id)
    .read(tile)
    .catch((error: unknown) => {
      if (error instanceof MalformedError) return undefined
      throw error
    })
  return bytes?.length === tile.width * HASH_SIZE ? bytes : undefined
}
