/** What follows from octets alone, kept by their digest. Never kept: anything that depends on the time, the policy or the roots. @module */

const MAX_ENTRIES = 64

/** A bounded memory. Whoever sends more kinds of octets than it holds makes it forget, and only costs time. */
export class Remembered<T> {
  readonly #values: Map<string, T> = new Map()

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  /** The value of `key`, made once. What throws is not kept. */
  recall(key: string, make: () => T): T {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = make()
    this.keep(key, value)
    return value
  }

  keep(key: string, value: T): void {
    if (this.#values.size >= MAX_ENTRIES) this.#values.clear()
    this.#values.set(key, value)
  }
}
