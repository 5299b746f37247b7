/** The refusal of stored tiles and bundles that are not the tree's, and what of a bundle is bad. @module */
import { MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'
import { HASH_SIZE, hashLeaf } from './merkle.ts'
import { encodeTilePath, TILE_WIDTH, type Tile } from './tile.ts'
import { hashAt } from './tile-hashes.ts'

/** Octets of a tile or a bundle that are not the tree's. Always of the code LOG_LEAF_CORRUPT. */
export class CorruptTileError extends MalformedError {
  /** One of these is bad: more than one only where the root is made of all of them. */
  readonly tiles: readonly Tile[]
  /** Index in the log of the first bad leaf, where a bundle is bad. */
  readonly leaf: number | undefined

  constructor(tiles: readonly Tile[], leaf?: number) {
    const names = tiles.map(encodeTilePath).join(' or ')
    super('LOG_LEAF_CORRUPT', leaf === undefined ? `${names} is not the tree's` : `leaf ${leaf} in ${names} is corrupt`)
    this.name = 'CorruptTileError'
    this.tiles = tiles
    this.leaf = leaf
  }
}

/** Entries of a bundle up to the first that cannot be read. */
export interface BundleContent {
  readonly entries: readonly Uint8Array[]
  /** Whether there are as many as the tile is wide, and nothing behind. */
  readonly whole: boolean
}

/** What can be read of a bundle: damage to one length makes all behind it unreadable. */
export function readBundle(bytes: Uint8Array, width: number): BundleContent {
  const r = new Reader(bytes)
  const entries: Uint8Array[] = []
  try {
    while (entries.length < width) entries.push(r.bytes('entry', r.u16be('length of an entry')))
    return { entries, whole: r.remaining === 0 }
  } catch (error) {
    if (error instanceof MalformedError) return { entries, whole: false }
    throw error
  }
}

/** Indices in the log of the leaves that are not those of `hashes`; of those that cannot be read, the first. */
export function corruptLeaves({ entries, whole }: BundleContent, hashes: Uint8Array, tile: Tile): readonly number[] {
  const first = tile.index * TILE_WIDTH
  const bad = entries.flatMap((entry, i) => (sameBytes(hashLeaf(entry), hashAt(hashes, i)) ? [] : [first + i]))
  const unread = first + Math.min(entries.length, hashes.length / HASH_SIZE - 1)
  return whole || bad.includes(unread) ? bad : [...bad, unread]
}
