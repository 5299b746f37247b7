/**
 * Lets each encrypted request in once. RFC 9458 sections 6.5.1 and 6.5.2.
 *
 * Whoever stands in between can send what it recorded again, as often as it likes. A request that is dated too far from now is refused;
 * within that window each one is remembered by its encapsulated key, which is fresh in every genuine request. Keys are of a boot, so what
 * was encrypted to an earlier one does not even decrypt. @module
 */
import { createHash } from 'node:crypto'

/** Furthest that the date of a request may be from now, in either direction. */
export const DATE_TOLERANCE_MS = 300_000
/** From when a request could first be accepted to when it last could. */
const LIFE_MS: number = 2 * DATE_TOLERANCE_MS
/** Some 55 octets each. */
const CAPACITY = 1_000_000
/** 128 bits of SHA-256: nobody finds a second request with those of one that was recorded. */
const TAG_SIZE = 16

export type Admission = 'admitted' | 'stale' | 'replayed' | 'full'

export interface ArrivedRequest {
  /** Of a request that decrypted: anybody could burn an encapsulated key otherwise, by sending it with rubbish behind. */
  readonly enc: Uint8Array
  /** The date that it names; undefined where there is none, or none that can be read. */
  readonly dated: Date | undefined
}

/** Two generations: what is in neither is too old to be accepted. */
export class ReplayGuard {
  readonly #capacity: number
  #current: Set<string> = new Set()
  #previous: Set<string> = new Set()
  #currentSinceMs = Number.NEGATIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY

  constructor({ capacity = CAPACITY }: { readonly capacity?: number } = {}) {
    this.#capacity = capacity
  }

  /** Requests remembered now. */
  get size(): number {
    return this.#current.size + this.#previous.size
  }

  /** Judges and remembers in one step, so that of two at the same time one is refused. */
  admit({ enc, dated }: ArrivedRequest, now: Date): Admission {
    // A clock that went back must not open the window again for what was forgotten.
    this.#lastMs = Math.max(this.#lastMs, now.getTime())
    this.#forget()
    if (dated === undefined || Math.abs(dated.getTime() - this.#lastMs) > DATE_TOLERANCE_MS) return 'stale'
    const tag = createHash('sha256').update(enc).digest().toString('latin1', 0, TAG_SIZE)
    if (this.#current.has(tag) || this.#previous.has(tag)) return 'replayed'
    // Forgetting some to take in others would let those in again.
    if (this.size >= this.#capacity) return 'full'
    this.#current.add(tag)
    return 'admitted'
  }

  /** Whatever is dropped came a whole life before now. */
  #forget(): void {
    const age = this.#lastMs - this.#currentSinceMs
    if (age < LIFE_MS) return
    this.#previous = age < 2 * LIFE_MS ? this.#current : new Set()
    this.#current = new Set()
    this.#currentSinceMs = this.#lastMs
  }
}

/** Undefined for what is not written as HTTP writes dates (RFC 9110 section 5.6.7, the preferred form). */
export function readDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) || date.toUTCString() !== text ? undefined : date
}
