/**
 * Roots and proofs of a tree from its tiles: RFC 6962 by way of C2SP tlog-tiles. Whether the tiles are the tree's is not judged here;
 * read them through `authenticTiles`, or compare {@link treeRoot} with the root that a checkpoint signs. @module
 */
import { CountersignError } from '../../errors.ts'
import { CorruptTileError } from './corrupt-tile.ts'
import { emptyRoot, HASH_SIZE, hashRange } from './merkle.ts'
import { consistencyPath, inclusionPath, type Range, type TreeNode, wholeTree } from './paths.ts'
import { encodeTilePath, TILE_WIDTH, type Tile } from './tile.ts'
import { completeRoot } from './tile-hashes.ts'

/** Where tiles come from: a store, a URL, memory. */
export interface TileSource {
  /**
   * The octets of a tile: 32 for each hash of its width, or a bundle of as many entries. Rejects when there is none.
   * Asked for a partial tile, a source may cut it from a wider one.
   */
  read(tile: Tile): Promise<Uint8Array>
}

/** Levels of nodes between two levels of tiles. */
const TILE_HEIGHT = 8

/** The root over the first `size` leaves, from the tiles of a tree of that size. */
export async function treeRoot(source: TileSource, size: number): Promise<Uint8Array> {
  if (!Number.isSafeInteger(size) || size < 0) throw new CountersignError('ERR_USAGE', 'a size is a whole number')
  if (size === 0) return emptyRoot()
  const [root = emptyRoot()] = await hashRanges(source, [wholeTree(size)], size)
  return root
}

/** RFC 6962 2.1.1: PATH(index, D[size]), from the tiles of a tree of that size. */
export function proveInclusion(source: TileSource, index: number, size: number): Promise<readonly Uint8Array[]> {
  return hashRanges(source, inclusionPath(index, size), size)
}

/** RFC 6962 2.1.2: PROOF(older, D[newer]), from the tiles of a tree of `newer` leaves. */
export function proveConsistency(source: TileSource, older: number, newer: number): Promise<readonly Uint8Array[]> {
  return hashRanges(source, consistencyPath(older, newer), newer)
}

async function hashRanges(source: TileSource, ranges: readonly Range[], size: number): Promise<readonly Uint8Array[]> {
  const tiles = new Map<string, Promise<Uint8Array>>()
  const read = (tile: Tile): Promise<Uint8Array> => {
    const path = encodeTilePath(tile)
    const known = tiles.get(path) ?? readHashTile(source, tile)
    tiles.set(path, known)
    return known
  }
  const hashOf = async (node: TreeNode): Promise<Uint8Array> => {
    const { tile, offset, count } = placeOf(node, size)
    return completeRoot((await read(tile)).subarray(offset * HASH_SIZE, (offset + count) * HASH_SIZE))
  }
  return Promise.all(ranges.map(async (range) => hashRange(await Promise.all(range.map(hashOf)))))
}

/** Where the hashes stand over which a node is made: in one tile, as a node never spans two. */
function placeOf({ level, index }: TreeNode, size: number): { tile: Tile; offset: number; count: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const count = 2 ** (level % TILE_HEIGHT)
  const first = index * count
  return {
    tile: tileIn(size, { level: tileLevel, index: Math.floor(first / TILE_WIDTH) }),
    offset: first % TILE_WIDTH,
    count,
  }
}

/**
 * A tile as wide as a tree of `size` leaves has it.
 * @throws CountersignError ERR_USAGE where that tree has no such tile
 */
export function tileIn(size: number, { level, index }: Omit<Tile, 'width'>): Tile {
  const hashes = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level)
  const width = Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH)
  if (!(width > 0)) throw new CountersignError('ERR_USAGE', `a tree of ${size} has no tile ${index} on level ${level}`)
  return { level, index, width }
}

/**
 * A copy of the octets, as a source may give a view of something that lives on.
 * @throws CorruptTileError for a tile of another length than its width asks for
 */
export async function readHashTile(source: TileSource, tile: Tile): Promise<Uint8Array> {
  const bytes = await source.read(tile)
  if (bytes.length !== tile.width * HASH_SIZE) throw new CorruptTileError([tile])
  return new Uint8Array(bytes)
}
