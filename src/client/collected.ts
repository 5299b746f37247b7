/** Octets of a stream, kept while they pass, up to a limit. @module */
import { concatBytes } from '../core/encoding/bytes.ts'

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
    else this.#portions.push(octets)
  }

  /** Undefined where there were more than the limit. */
  whole(): Uint8Array | undefined {
    return this.#size > this.#limit ? undefined : concatBytes(...this.#portions)
  }
}
