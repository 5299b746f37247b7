/** Random octets in small pieces: one call of the source fills many, because each call costs more than its octets. @module */

const POOL_SIZE = 4_096

export class RandomPool {
  readonly #random: (size: number) => Uint8Array
  #pool: Uint8Array = new Uint8Array(0)
  #used = 0

  /** @param random gives as many random octets as it is asked for */
  constructor(random: (size: number) => Uint8Array) {
    this.#random = random
  }

  /** The next `size` octets. Each octet of the source is handed out once. */
  take(size: number): Uint8Array {
    if (this.#used + size > this.#pool.length) {
      this.#pool = this.#random(Math.max(POOL_SIZE, size))
      this.#used = 0
    }
    // Copied by hand: `slice` of a Node Buffer is a view, which the next line would empty.
    const octets = new Uint8Array(this.#pool.subarray(this.#used, this.#used + size))
    this.#pool.fill(0, this.#used, this.#used + size)
    this.#used += size
    return octets
  }
}
