/** Tiles of a log that a reader gives, as proofs need them; and where a tree that does not lead to its root is broken. @module */
import {
  authenticTiles,
  CorruptTileError,
  decodeEntryBundle,
  encodeEntryBundle,
  encodeTilePath,
  HASH_SIZE,
  TILE_WIDTH,
  type Tile,
  type TileSource,
  type TreeHead,
} from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import type { LogReader } from './log-reader.ts'

/** @returns tiles as the host hands them out: whether they are the tree's is for proofs and roots to say */
export function tileSource(reader: LogReader, id: string): TileSource {
  return {
    read: async (tile) => {
      const octets = (await reader.read(id, encodeTilePath(tile))) ?? (await readWider(reader, id, tile))
      if (octets === undefined) throw new MalformedError('LOG_LEAF_CORRUPT', `${encodeTilePath(tile)} is not there`)
      return octets
    },
  }
}

/** C2SP tlog-tiles: a partial tile may go when the full one is there. */
async function readWider(reader: LogReader, id: string, tile: Tile): Promise<Uint8Array | undefined> {
  if (tile.width === TILE_WIDTH) return undefined
  const full = await reader.read(id, encodeTilePath({ ...tile, width: TILE_WIDTH }))
  if (full === undefined || tile.level !== 'entries') return full?.subarray(0, tile.width * HASH_SIZE)
  return encodeEntryBundle(decodeEntryBundle(full).slice(0, tile.width))
}

/** The first leaf whose octets are not those of the tree; undefined when the tree as a whole is another one. */
export async function findCorruptLeaf(
  { reader, id }: { readonly reader: LogReader; readonly id: string },
  head: TreeHead,
): Promise<number | undefined> {
  const tiles = authenticTiles(tileSource(reader, id), head)
  for (let first = 0; first < head.size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, head.size - first)
    try {
      await tiles.read({ level: 'entries', index: first / TILE_WIDTH, width })
    } catch (error) {
      if (error instanceof CorruptTileError) return error.leaf
      if (error instanceof MalformedError) return undefined
      throw error
    }
  }
  return undefined
}
