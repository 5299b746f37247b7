/** Nonces of clients as log leaves: they share quotes with receipts. wire.md section 1. @module */
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { createEntry } from '../../core/log/index.ts'
import type { ReceiptLog } from '../log/index.ts'

/** Anyone may challenge, so this bounds what waits for one quote. */
export const MAX_PENDING_CHALLENGES = 4_096
/** Challenges that are remembered, quoted or not, so that asking again finds the same leaf. */
const MAX_REMEMBERED: number = 4 * MAX_PENDING_CHALLENGES

export interface Challenge {
  /** Place of the 0x04 leaf. */
  readonly index: number
  readonly durable: Promise<void>
}

export class Challenges {
  readonly #log: ReceiptLog
  readonly #remembered: Map<string, Challenge> = new Map()
  #pending = 0

  constructor(log: ReceiptLog) {
    this.#log = log
  }

  get pending(): number {
    return this.#pending
  }

  /**
   * The leaf of a nonce, appended if it is new; undefined when too many wait.
   * @throws CountersignError ERR_LOG_APPEND
   */
  add(nonce: Uint8Array): Challenge | undefined {
    const key = encodeBase64Url(nonce)
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    if (this.#pending >= MAX_PENDING_CHALLENGES) return undefined
    const challenge = this.#log.appendEntry(createEntry('nonce', nonce))
    this.#remembered.set(key, challenge)
    this.#pending++
    return challenge
  }

  /** A checkpoint of `size` leaves is quoted. */
  release(size: number): void {
    let pending = 0
    for (const { index } of this.#remembered.values()) if (index >= size) pending++
    this.#pending = pending
    // Oldest first, as the map keeps them; those that still wait are the newest and stay.
    for (const [key, { index }] of this.#remembered) {
      if (this.#remembered.size <= MAX_REMEMBERED || index >= size) break
      this.#remembered.delete(key)
    }
  }
}
