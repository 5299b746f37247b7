/** Where the sealed record of each receipt lies, by jti. Numbers only: about 100 octets a receipt. @module */
import { CountersignError } from '../../errors.ts'

export interface ReceiptPosition {
  readonly seq: number
  /** Index of its leaf. */
  readonly index: number
  /** Octets from the start of the file. */
  readonly offset: number
  readonly length: number
}

/** 16 octets as a key of a map: one character each. */
export function idKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}

export class ReceiptPositions {
  readonly #seqs: Map<string, number> = new Map()
  readonly #indexes: number[] = []
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []

  /** Receipts so far, durable or not: the seq of the next one. */
  get size(): number {
    return this.#indexes.length
  }

  /** @param key {@link idKey} of a jti */
  has(key: string): boolean {
    return this.#seqs.has(key)
  }

  /** Takes the next seq for a receipt that is not durable yet. */
  reserve(key: string, index: number): number {
    const seq = this.#indexes.push(index) - 1
    this.#seqs.set(key, seq)
    return seq
  }

  /** Records where the next durable receipt lies, in the order of reservation. */
  place(offset: number, length: number): void {
    if (this.#offsets.length >= this.#indexes.length)
      throw new CountersignError('ERR_USAGE', 'no receipt waits for its place')
    this.#offsets.push(offset)
    this.#lengths.push(length)
  }

  /** `undefined` for an unknown receipt and for one that is not durable yet. */
  find(jti: Uint8Array): ReceiptPosition | undefined {
    const seq = this.#seqs.get(idKey(jti))
    if (seq === undefined) return undefined
    const index = this.#indexes[seq]
    const offset = this.#offsets[seq]
    const length = this.#lengths[seq]
    return index === undefined || offset === undefined || length === undefined
      ? undefined
      : { seq, index, offset, length }
  }
}
