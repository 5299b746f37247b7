/** All entries of a log in memory, laid out as the bundles that tiles publish. @module */
import { ENTRY_SIZE, TILE_WIDTH } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'

// An entry behind its length as u16be (c2sp.org/tlog-tiles).
const LENGTH_PREFIX: Uint8Array = Uint8Array.of(0, ENTRY_SIZE)
const ITEM_SIZE = LENGTH_PREFIX.length + ENTRY_SIZE

/** Pages of 256 entries: one is a bundle, the last is filled up in place. */
export class EntryPages {
  readonly #pages: Uint8Array[] = []
  #size = 0

  append(entry: Uint8Array): void {
    const slot = this.#size % TILE_WIDTH
    if (slot === 0) this.#pages.push(new Uint8Array(TILE_WIDTH * ITEM_SIZE))
    const page = this.#pages[this.#pages.length - 1]
    page?.set(LENGTH_PREFIX, slot * ITEM_SIZE)
    page?.set(entry, slot * ITEM_SIZE + LENGTH_PREFIX.length)
    this.#size++
  }

  /** The first `width` entries of the `index`-th bundle. */
  bundle(index: number, width: number): Uint8Array {
    return this.#page(index, width).slice(0, width * ITEM_SIZE)
  }

  entry(index: number): Uint8Array {
    const slot = index % TILE_WIDTH
    const start = slot * ITEM_SIZE + LENGTH_PREFIX.length
    return this.#page(Math.floor(index / TILE_WIDTH), slot + 1).slice(start, start + ENTRY_SIZE)
  }

  #page(index: number, width: number): Uint8Array {
    const page = this.#pages[index]
    if (page === undefined || index * TILE_WIDTH + width > this.#size)
      throw new CountersignError('ERR_USAGE', `no entries up to ${index * TILE_WIDTH + width}`)
    return page
  }
}
