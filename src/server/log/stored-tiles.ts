/** Tiles and bundles of a log as the store has them: the host's octets, for `authenticTiles` to judge. @module */
import {
  CorruptTileError,
  ENTRY_SIZE,
  encodeTilePath,
  HASH_SIZE,
  TILE_WIDTH,
  type Tile,
  type TileSource,
} from '../../core/log/index.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { publishedName } from './names.ts'

/** No tile or bundle is larger. */
const MAX_TILE_SIZE: number = 64 * 1024
/** An entry behind its length. */
export const BUNDLE_ITEM_SIZE: number = 2 + ENTRY_SIZE

/** A partial tile whose full one has come is cut from that one. One that is not there is as bad as a damaged one. */
export function storedTiles(store: ObjectStore, id: string): TileSource {
  const find = (tile: Tile): Promise<Uint8Array | undefined> =>
    store.read(publishedName(id, encodeTilePath(tile)), MAX_TILE_SIZE)
  return {
    async read(tile) {
      const found = await find(tile)
      if (found !== undefined) return found
      const full = tile.width < TILE_WIDTH ? await find({ ...tile, width: TILE_WIDTH }) : undefined
      if (full === undefined)
        throw new CorruptTileError([tile], tile.level === 'entries' ? tile.index * TILE_WIDTH : undefined)
      return full.slice(0, tile.width * (tile.level === 'entries' ? BUNDLE_ITEM_SIZE : HASH_SIZE))
    },
  }
}
