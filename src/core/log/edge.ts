/** The right edge of a tree: its partial tile of each level, of which its root is made and nothing else. @module */
import { emptyRoot, hashRange } from './merkle.ts'
import { TILE_WIDTH, type Tile } from './tile.ts'
import { subtreesOf } from './tile-hashes.ts'

export type EdgeTile = Tile & { readonly level: number }

/** From level 0 upwards, without the levels on which a tree of `size` has no partial tile. */
export function edgeTiles(size: number): readonly EdgeTile[] {
  const tiles: EdgeTile[] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width })
  }
  return tiles
}

/** @param hashes of the edge tiles, in the order of {@link edgeTiles} */
export function edgeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot()
  return hashRange(hashes.toReversed().flatMap((tile) => subtreesOf(tile).map(({ hash }) => hash)))
}
