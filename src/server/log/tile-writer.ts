/** Publishes the tiles of a tree as files, each whole and durable before a checkpoint names their size. @module */
import { join } from 'node:path'
import { encodeTilePath, type MerkleTree, TILE_WIDTH, type Tile, tilesOf } from '../../core/log/index.ts'
import type { DurableFiles } from './durable-files.ts'
import type { EntryPages } from './entry-pages.ts'
import type { FileSystem } from './file-system.ts'

export interface TileWriterDeps {
  readonly directory: string
  readonly files: FileSystem
  readonly durable: DurableFiles
  readonly tree: MerkleTree
  readonly entries: EntryPages
}

export class TileWriter {
  readonly #deps: TileWriterDeps
  #size = 0

  constructor(deps: TileWriterDeps) {
    this.#deps = deps
  }

  /** Writes what a tree of `size` leaves has and the last written one had not. Resolves when all of it is durable. */
  async write(size: number): Promise<void> {
    const { directory, files, durable } = this.#deps
    const tiles = tilesOf(size, this.#size)
    for (const tile of tiles) await durable.replace(join(directory, encodeTilePath(tile)), this.#bytes(tile))
    await durable.settle()
    // Who still asks for a narrower tile gets the beginning of the full one.
    for (const tile of tiles)
      if (tile.width === TILE_WIDTH) await files.remove(join(directory, `${encodeTilePath(tile)}.p`))
    this.#size = size
  }

  #bytes({ level, index, width }: Tile): Uint8Array {
    const { tree, entries } = this.#deps
    return level === 'entries' ? entries.bundle(index, width) : tree.hashes(8 * level, index * TILE_WIDTH, width)
  }
}
