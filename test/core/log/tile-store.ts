/** Tiles in memory, as a log of a given size publishes them. @module */

import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createEntry,
  encodeEntryBundle,
  encodeTilePath,
  GrowingTree,
  hashLeaf,
  MerkleTree,
  type Tile,
  type TileSource,
  tilesOf,
} from '../../../src/core/log/index.ts'

/** Entry `index` of every log of these tests. */
export function entryAt(index: number): Uint8Array {
  return createEntry('receipt', encodeUtf8(`preimage ${index}`))
}

/** Keeps tiles by their path; a partial tile is cut from the full one where that replaced it. */
export class TileStore implements TileSource {
  readonly files: Map<string, Uint8Array> = new Map()
  /** Paths in the order in which they were read. */
  readonly reads: string[] = []

  write(tile: Tile, bytes: Uint8Array): void {
    this.files.set(encodeTilePath(tile), bytes)
  }

  async read(tile: Tile): Promise<Uint8Array> {
    const path = encodeTilePath(tile)
    this.reads.push(path)
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new Error(`${path} is not there`)
    // A Buffer, as files are read: its slice() shares memory.
    return Buffer.from(bytes)
  }
}

/** The oracle and exactly the tiles of a tree of `size` leaves, written by way of a growing tree. */
export function publishLog(size: number): { readonly tree: MerkleTree; readonly store: TileStore } {
  const tree = new MerkleTree()
  const store = new TileStore()
  const growing = new GrowingTree()
  const entries = Array.from({ length: size }, (_, index) => entryAt(index))
  for (const entry of entries) {
    tree.append(hashLeaf(entry))
    growing.append(hashLeaf(entry))
  }
  for (const { tile, bytes } of growing.takeTiles()) store.write(tile, bytes)
  for (const tile of tilesOf(size).filter(({ level }) => level === 'entries'))
    store.write(tile, encodeEntryBundle(entries.slice(tile.index * 256, tile.index * 256 + tile.width)))
  return { tree, store }
}
