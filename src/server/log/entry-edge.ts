/** The entries of a log that no stored bundle holds yet, laid out as the bundles that they become. @module */
import { ENTRY_SIZE, type TakenTile, TILE_WIDTH } from '../../core/log/index.ts'
import { BUNDLE_ITEM_SIZE } from './stored-tiles.ts'

/** Keeps the bundles that were not taken, and the last one while it is partial. */
export class EntryEdge {
  #completed: TakenTile[] = []
  #page: Uint8Array = new Uint8Array(TILE_WIDTH * BUNDLE_ITEM_SIZE)
  #size = 0
  #taken = 0

  append(entry: Uint8Array): void {
    const slot = this.#size % TILE_WIDTH
    // Each entry stands behind its length as u16be (c2sp.org/tlog-tiles).
    this.#page[slot * BUNDLE_ITEM_SIZE + 1] = ENTRY_SIZE
    this.#page.set(entry, slot * BUNDLE_ITEM_SIZE + 2)
    this.#size++
    if (slot < TILE_WIDTH - 1) return
    const tile = { level: 'entries', index: this.#size / TILE_WIDTH - 1, width: TILE_WIDTH } as const
    this.#completed.push({ tile, bytes: this.#page })
    this.#page = new Uint8Array(TILE_WIDTH * BUNDLE_ITEM_SIZE)
  }

  /** Bundles that are new or wider since the last call. */
  take(): readonly TakenTile[] {
    const bundles = this.#completed
    this.#completed = []
    const width = this.#size % TILE_WIDTH
    if (width > 0 && this.#taken < this.#size) {
      const tile = { level: 'entries', index: Math.floor(this.#size / TILE_WIDTH), width } as const
      bundles.push({ tile, bytes: this.#page.slice(0, width * BUNDLE_ITEM_SIZE) })
    }
    this.#taken = this.#size
    return bundles
  }
}
