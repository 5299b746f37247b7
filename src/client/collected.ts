/** Octets of a stream, kept while they pass, up to a limit. @module */

export class Collected {
  readonly #limit: number
  #portions: Uint8Array[] = []
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(octets: Uint8Array): void {
    this.#size += octets.length
    // Beyond the limit nothing is worth keeping: a part of an answer verifies nothing.
    if (this.#size > this.#limit) this.#portions = []
    // A copy: the application gets the same octets, to do with as it likes.
    else this.#portions.push(octets.slice())
  }

  /** Undefined where there were more than the limit. */
  whole(): Uint8Array | undefined {
    if (this.#size > this.#limit) return undefined
    // Not by spreading the portions: some engines refuse so many arguments, and the host chooses how many.
    const whole = new Uint8Array(this.#size)
    let at = 0
    for (const portion of this.#portions) {
      whole.set(portion, at)
      at += portion.length
    }
    return whole
  }
}
