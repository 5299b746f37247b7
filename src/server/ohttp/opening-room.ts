/**
 * How much of encrypted requests lies in memory until they are open and passed on, all of them together. Anybody can encrypt to the key that
 * is shown: whether a request comes with an API key is known only when its last octet has come. @module
 */

/** What each may bring in any case, so that a few large ones that come slowly do not shut the many small ones out. */
const FREE_BYTES: number = 64 * 1024
/** Above that, of all together. A request is copied some times on its way. */
const ROOM_BYTES: number = 128 << 20

/** Of one request. */
export interface Place {
  /** @param size octets that came so far @returns whether there is room for them; what has it to itself always has room */
  grow(size: number): boolean
  leave(): void
}

export class OpeningRoom {
  readonly #limit: number
  #held = 0

  constructor({ limit = ROOM_BYTES }: { readonly limit?: number } = {}) {
    this.#limit = limit
  }

  /** Octets that are counted now. */
  get held(): number {
    return this.#held
  }

  enter(): Place {
    let counted = 0
    return {
      grow: (size) => {
        const above = Math.max(0, size - FREE_BYTES)
        this.#held += above - counted
        counted = above
        return counted === 0 || counted === this.#held || this.#held <= this.#limit
      },
      leave: () => {
        this.#held -= counted
        counted = 0
      },
    }
  }
}
