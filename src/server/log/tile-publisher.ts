/** Stores the tiles of a tree, each whole and durable before a checkpoint names their size, and removes what they replace. @module */
import { encodeTilePath, type TakenTile, TILE_WIDTH, type Tile } from '../../core/log/index.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { attemptWrite } from './attempt-write.ts'
import { publishedName } from './names.ts'
import type { SpaceWatch } from './space-watch.ts'

export interface TilePublisherDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly space: SpaceWatch
}

export class TilePublisher {
  readonly #deps: TilePublisherDeps
  /** Taken from the tree and not stored yet: the widest of each place. */
  readonly #pending: Map<string, TakenTile> = new Map()
  /** Widths in which the last tile of each level is stored. */
  readonly #partials: Map<string, Set<number>> = new Map()

  constructor(deps: TilePublisherDeps) {
    this.#deps = deps
  }

  /** Takes over what a tree and its entries gave out. */
  take(tiles: readonly TakenTile[]): void {
    for (const taken of tiles) this.#pending.set(placeOf(taken.tile), taken)
  }

  /** Stores all that was taken. Waits while there is no space. */
  storeAll(): Promise<void> {
    return this.#store([...this.#pending.values()])
  }

  /** Stores full tiles only: no tree that was published has the others. */
  storeFull(): Promise<void> {
    return this.#store([...this.#pending.values()].filter(({ tile }) => tile.width === TILE_WIDTH))
  }

  async #store(tiles: readonly TakenTile[]): Promise<void> {
    const { store, id, space } = this.#deps
    if (tiles.length === 0) return
    const objects = tiles.map(({ tile, bytes }) => ({ name: publishedName(id, encodeTilePath(tile)), bytes }))
    await space.until(() => attemptWrite(store, () => store.write(objects)))
    for (const taken of tiles) {
      const place = placeOf(taken.tile)
      if (this.#pending.get(place) === taken) this.#pending.delete(place)
    }
    await store.remove(tiles.flatMap(({ tile }) => this.#replacedBy(tile)))
  }

  /** Who still asks for a narrower tile gets the beginning of the full one. */
  #replacedBy(tile: Tile): readonly string[] {
    const place = placeOf(tile)
    const widths = this.#partials.get(place) ?? new Set()
    if (tile.width < TILE_WIDTH) {
      this.#partials.set(place, widths.add(tile.width))
      return []
    }
    this.#partials.delete(place)
    return [...widths].map((width) => publishedName(this.#deps.id, encodeTilePath({ ...tile, width })))
  }
}

function placeOf({ level, index }: Tile): string {
  return `${level}/${index}`
}
