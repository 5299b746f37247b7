/** Writes fixed binary layouts; the mirror of the reader. @module */

export class Writer {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  /** @param size of the whole structure in octets; it starts as zeros */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  u8(value: number): this {
    this.#view.setUint8(this.#advance(1), value)
    return this
  }

  u16le(value: number): this {
    this.#view.setUint16(this.#advance(2), value, true)
    return this
  }

  u32le(value: number): this {
    this.#view.setUint32(this.#advance(4), value, true)
    return this
  }

  u32be(value: number): this {
    this.#view.setUint32(this.#advance(4), value)
    return this
  }

  u64le(value: bigint): this {
    this.#view.setBigUint64(this.#advance(8), value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#bytes.set(value, this.#advance(value.length))
    return this
  }

  /** Leaves `length` octets zero. */
  zero(length: number): this {
    this.#advance(length)
    return this
  }

  /** The structure. A layout that was not filled to its end is a bug. */
  finish(): Uint8Array {
    if (this.#offset !== this.#bytes.length)
      throw new RangeError(`layout ends at ${this.#offset}, not at ${this.#bytes.length}`)
    return this.#bytes
  }

  #advance(length: number): number {
    const start = this.#offset
    this.#offset += length
    if (this.#offset > this.#bytes.length) throw new RangeError(`layout is larger than ${this.#bytes.length}`)
    return start
  }
}
