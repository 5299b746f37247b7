/** The newest entries of the index, in memory, found by hash and given out sorted. Makes no object for a receipt. @module */
import { EntryTable, INDEX_ENTRY_SIZE, type ReceiptPlace } from './run-format.ts'

export class Memtable {
  readonly capacity: number
  readonly fromSeq: number
  readonly #table: EntryTable
  /** Open addressing: slot + 1, zero where nothing is. */
  readonly #buckets: Int32Array
  #size = 0

  /** @param capacity a power of two */
  constructor(capacity: number, fromSeq: number) {
    this.capacity = capacity
    this.fromSeq = fromSeq
    this.#table = new EntryTable(new Uint8Array(capacity * INDEX_ENTRY_SIZE))
    this.#buckets = new Int32Array(capacity * 2)
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size === this.capacity
  }

  add(jti: Uint8Array, place: ReceiptPlace): void {
    let bucket = this.#bucketOf(jti)
    while (this.#buckets[bucket] !== 0) bucket = (bucket + 1) & (this.#buckets.length - 1)
    this.#table.write(this.#size, jti, place)
    this.#buckets[bucket] = ++this.#size
  }

  find(jti: Uint8Array): ReceiptPlace | undefined {
    for (let bucket = this.#bucketOf(jti); ; bucket = (bucket + 1) & (this.#buckets.length - 1)) {
      const slot = (this.#buckets[bucket] ?? 0) - 1
      if (slot < 0) return undefined
      if (this.#table.compare(slot, jti) === 0) return this.#table.place(slot)
    }
  }

  /** All entries, ascending by jti. */
  sorted(): Uint8Array {
    const sorted = new Uint8Array(this.#size * INDEX_ENTRY_SIZE)
    this.#order().forEach((slot, i) => {
      sorted.set(this.#table.entry(slot), i * INDEX_ENTRY_SIZE)
    })
    return sorted
  }

  /** Prefix and slot in one number, so that the sort is one over plain numbers: a comparator would hold up the event loop. */
  #order(): readonly number[] {
    const slotRange = this.capacity
    const prefixRange = Math.min(2 ** 48, 2 ** 52 / slotRange)
    const keys = new Float64Array(this.#size)
    for (let slot = 0; slot < this.#size; slot++)
      keys[slot] = Math.floor((this.#table.prefix(slot) / 2 ** 48) * prefixRange) * slotRange + slot
    keys.sort()
    const slots = Array.from(keys, (key) => key % slotRange)
    const prefixAt = (i: number): number => Math.floor((keys[i] ?? 0) / slotRange)
    for (let start = 0, end = 1; start < slots.length; start = end, end++) {
      while (end < slots.length && prefixAt(end) === prefixAt(start)) end++
      if (end - start > 1) slots.splice(start, end - start, ...this.#sortWhole(slots.slice(start, end)))
    }
    return slots
  }

  #sortWhole(slots: readonly number[]): readonly number[] {
    return [...slots].sort((a, b) => this.#table.compare(a, this.#table.jti(b)))
  }

  #bucketOf(jti: Uint8Array): number {
    const first = (jti[0] ?? 0) | ((jti[1] ?? 0) << 8) | ((jti[2] ?? 0) << 16) | ((jti[3] ?? 0) << 24)
    const last = (jti[12] ?? 0) | ((jti[13] ?? 0) << 8) | ((jti[14] ?? 0) << 16) | ((jti[15] ?? 0) << 24)
    return (Math.imul(first ^ last, 0x9e3779b1) >>> 8) & (this.#buckets.length - 1)
  }
}
