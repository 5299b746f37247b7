/** A bounded number of tiles by name, the least recently used dropped first. Reads of one tile at a time are shared. @module */

export class RecentTiles {
  readonly capacity: number
  /** Oldest use first: a Map keeps the order in which keys were set. */
  readonly #tiles: Map<string, Promise<Uint8Array>> = new Map()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get(name: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const tile = this.#tiles.get(name) ?? this.#begin(name, read)
    this.#set(name, tile)
    return tile
  }

  /** Takes over what another one has, as older than all that is here. */
  adopt(other: RecentTiles): void {
    const own = [...this.#tiles]
    this.#tiles.clear()
    for (const [name, tile] of other.#tiles) this.#dropIfLost(name, tile)
    for (const [name, tile] of [...other.#tiles, ...own]) this.#set(name, tile)
  }

  #begin(name: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const tile = read()
    this.#dropIfLost(name, tile)
    return tile
  }

  /** What failed once may be there, or be repaired, the next time. */
  #dropIfLost(name: string, tile: Promise<Uint8Array>): void {
    tile.catch(() => {
      if (this.#tiles.get(name) === tile) this.#tiles.delete(name)
    })
  }

  #set(name: string, tile: Promise<Uint8Array>): void {
    this.#tiles.delete(name)
    this.#tiles.set(name, tile)
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= this.capacity) return
      this.#tiles.delete(oldest)
    }
  }
}
