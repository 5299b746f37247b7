/** Reads all tiles and bundles of a log back, and restores those that are damaged. @module */
import {
  authenticTiles,
  type CorruptPart,
  encodeTilePath,
  scrubTree,
  TILE_WIDTH,
  type Tile,
  type TreeHead,
} from '../../../core/log/index.ts'
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { publishedName } from '../names.ts'
import { storedTiles } from '../stored-tiles.ts'
import { restoreTile } from '../tile-repair.ts'
import type { CorruptObject } from './types.ts'

export interface TreeScrubInput {
  readonly head: TreeHead
  readonly repair: boolean
  readonly onLeaves: (leaves: number) => void
}

export async function scrubTiles(
  store: ObjectStore,
  id: string,
  { head, repair, onLeaves }: TreeScrubInput,
): Promise<readonly CorruptObject[]> {
  const { corrupt } = await scrubTree(storedTiles(store, id), head, onLeaves)
  const restored = repair ? await restoreTiles(store, id, { head, corrupt }) : new Set()
  return corrupt.map((part) => {
    if (part.what === 'root') return { what: 'tile', index: 0, name: publishedName(id, 'tile'), repaired: false }
    const path = encodeTilePath(part.tile)
    const index = part.what === 'entry' ? part.index : firstLeafOf(part.tile)
    return { what: part.what, index, name: publishedName(id, path), repaired: restored.has(path) }
  })
}

function firstLeafOf({ level, index }: Tile): number {
  return index * (level === 'entries' ? TILE_WIDTH : TILE_WIDTH ** (level + 1))
}

/** From below, as each level is made of the one under it. @returns paths of those that are the tree's now */
async function restoreTiles(
  store: ObjectStore,
  id: string,
  { head, corrupt }: { readonly head: TreeHead; readonly corrupt: readonly CorruptPart[] },
): Promise<ReadonlySet<string>> {
  const tiles = new Map<string, Tile>()
  for (const part of corrupt) if (part.what !== 'root') tiles.set(encodeTilePath(part.tile), part.tile)
  const height = ({ level }: Tile): number => (level === 'entries' ? -1 : level)
  for (const tile of [...tiles.values()].sort((a, b) => height(a) - height(b))) await restoreTile(store, id, tile)
  const restored = new Set<string>()
  for (const [path, tile] of tiles) if (await isAuthentic(store, id, { head, tile })) restored.add(path)
  return restored
}

async function isAuthentic(
  store: ObjectStore,
  id: string,
  { head, tile }: { readonly head: TreeHead; readonly tile: Tile },
): Promise<boolean> {
  try {
    await authenticTiles(storedTiles(store, id), head).read(tile)
    return true
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}
