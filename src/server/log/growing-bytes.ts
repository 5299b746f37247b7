/** Octets that grow by doubling and are used again: a busy log makes no garbage of its own. @module */

const FIRST_CAPACITY = 4_096
/** What is kept for the next use; more was an exception. */
const KEPT_CAPACITY: number = 4 * 1024 * 1024

export class GrowingBytes {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  #size = 0

  get size(): number {
    return this.#size
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  appendU32(value: number): void {
    this.#reserve(4)
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#size++] = (value >>> shift) & 0xff
  }

  /** What is there; a view that lasts until something is added. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  clear(): void {
    this.#size = 0
    if (this.#bytes.length > KEPT_CAPACITY) this.#bytes = new Uint8Array(FIRST_CAPACITY)
  }

  #reserve(length: number): void {
    const needed = this.#size + length
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, needed))
    larger.set(this.view())
    this.#bytes = larger
  }
}
