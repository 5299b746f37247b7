/** The tiles of the last checkpoint, each verified before it is given. Damaged ones are restored where the write-ahead log allows. @module */
import {
  type AuthenticTiles,
  authenticTiles,
  CorruptTileError,
  proveConsistency,
  proveInclusion,
  type Tile,
  type TileSource,
  type TreeHead,
  treeRoot,
} from '../../core/log/index.ts'
import { StateError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { misuse } from './intake.ts'
import { storedTiles } from './stored-tiles.ts'
import { restoreTile } from './tile-repair.ts'

/** One tile of each level and their bundle may be damaged at once; more attempts find nothing new. */
const MAX_REPAIRS = 8

export class VerifiedTiles {
  readonly #store: ObjectStore
  readonly #id: string
  readonly #stored: TileSource
  #tiles: AuthenticTiles | undefined
  #head: TreeHead | undefined

  constructor(store: ObjectStore, id: string) {
    this.#store = store
    this.#id = id
    this.#stored = storedTiles(store, id)
  }

  /** The head up to which there are proofs. */
  get head(): TreeHead | undefined {
    return this.#head
  }

  /** The head of a new checkpoint of this log, whose tiles are stored. */
  publish(head: TreeHead): void {
    this.#head = head
  }

  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#prove(size, (tiles) => proveInclusion(tiles, index, size))
  }

  consistencyProof(older: number, newer: number): Promise<readonly Uint8Array[]> {
    return this.#prove(newer, (tiles) => proveConsistency(tiles, older, newer))
  }

  rootAt(size: number): Promise<Uint8Array> {
    return this.#prove(size, (tiles) => treeRoot(tiles, size))
  }

  /**
   * @returns undefined for a tile that the tree has not
   * @throws StateError LOG_LEAF_CORRUPT
   */
  async read(tile: Tile): Promise<Uint8Array | undefined> {
    const { level, index, width } = tile
    const size = this.#head?.size ?? 0
    const count = level === 'entries' ? size : Math.floor(size / 256 ** level)
    return index * 256 + width > count ? undefined : this.#repairing((tiles) => tiles.read(tile))
  }

  async #prove<T>(size: number, prove: (tiles: TileSource) => Promise<T>): Promise<T> {
    const published = this.#head?.size ?? 0
    if (!(size <= published)) throw misuse(`no tree of size ${size}: ${published} leaves are published`)
    return this.#repairing(prove)
  }

  async #repairing<T>(use: (tiles: TileSource) => Promise<T>): Promise<T> {
    for (let repairs = 0; ; repairs++) {
      try {
        return await use(await this.#current())
      } catch (error) {
        if (!(error instanceof CorruptTileError)) throw error
        if (repairs === MAX_REPAIRS || !(await this.#restore(error, repairs > 0)))
          throw new StateError('LOG_LEAF_CORRUPT', `${error.message}, and the write-ahead log does not restore it`, {
            cause: error,
          })
      }
    }
  }

  async #restore({ tiles }: CorruptTileError, deep: boolean): Promise<boolean> {
    const restored = await Promise.all(tiles.map((tile) => restoreTile(this.#store, this.#id, tile, deep)))
    return restored.some((isRestored) => isRestored)
  }

  async #current(): Promise<AuthenticTiles> {
    const head = this.#head
    if (head === undefined) throw misuse('nothing is published yet')
    if (this.#tiles?.head !== head)
      this.#tiles = this.#tiles === undefined ? authenticTiles(this.#stored, head) : await this.#tiles.advance(head)
    return this.#tiles
  }
}
