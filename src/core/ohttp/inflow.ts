/** Octets of a message that arrive in portions of any size, read in the order of its format: a reader waits, and goes on where it was. @module */

import { MalformedError } from '../../errors.ts'
import type { FailureCode } from '../failure-codes.ts'

/** Steps that wait for octets where they yield. */
export type Steps<T> = Generator<undefined, T, undefined>

const EMPTY: Uint8Array = new Uint8Array(0)
/** Shorter portions are copied together while they wait: a view of one octet costs more than a hundred. */
const SHORT_SIZE = 1024
const BLOCK_SIZE = 8192

export class Inflow {
  readonly #cut: FailureCode
  #head: Uint8Array = EMPTY
  #at = 0
  #later: Uint8Array[] = []
  #size = 0
  #ended = false
  #block: Uint8Array = EMPTY
  /** Octets of the block that are used. */
  #filled = 0
  /** What waits in the block, where it is the last that waits. */
  #joined: Uint8Array | undefined

  /** @param cut code for octets that end where they must not */
  constructor(cut: FailureCode) {
    this.#cut = cut
  }

  /** Octets that arrived and were not taken. */
  get size(): number {
    return this.#size
  }

  get ended(): boolean {
    return this.#ended
  }

  /** May keep a view: `octets` stay as they are until they were taken. */
  add(octets: Uint8Array): void {
    if (octets.length === 0) return
    this.#size += octets.length
    if (octets.length < SHORT_SIZE && this.#later.length > 0) this.#join(octets)
    else this.#later.push(octets)
  }

  end(): void {
    this.#ended = true
  }

  /** The next `length` octets. What is too short waits in a list: joining at each arrival would cost a hostile sender nothing and us its square. */
  *take(field: string, length: number): Steps<Uint8Array> {
    while (this.#size < length) {
      if (this.#ended) throw new MalformedError(this.#cut, `ends within ${field}`)
      yield
    }
    if (this.#head.length - this.#at < length) this.#gather()
    return this.#advance(length)
  }

  /** At least one octet and at most `most`, as they came. */
  *takeSome(field: string, most: number): Steps<Uint8Array> {
    while (this.#size === 0) {
      if (this.#ended) throw new MalformedError(this.#cut, `ends within ${field}`)
      yield
    }
    if (this.#at === this.#head.length) this.#next()
    return this.#advance(Math.min(most, this.#head.length - this.#at))
  }

  /** All octets to the end. @throws MalformedError E2EE_FORMAT where they are more than `most` */
  *takeRest(field: string, most: number): Steps<Uint8Array> {
    for (;;) {
      if (this.#size > most) throw new MalformedError('E2EE_FORMAT', `${field} is longer than ${most} octets`)
      if (this.#ended) break
      yield
    }
    this.#gather()
    return this.#advance(this.#size)
  }

  /** Whether the octets end here. */
  *isAtEnd(): Steps<boolean> {
    while (this.#size === 0 && !this.#ended) yield
    return this.#size === 0
  }

  #advance(length: number): Uint8Array {
    const start = this.#at
    this.#at += length
    this.#size -= length
    return this.#head.subarray(start, this.#at)
  }

  /** Whoever sends chooses the portions, and could send each octet by itself. */
  #join(octets: Uint8Array): void {
    const isFull = octets.length > this.#block.length - this.#filled
    if (isFull) [this.#block, this.#filled] = [new Uint8Array(BLOCK_SIZE), 0]
    const joins = !isFull && this.#later.at(-1) === this.#joined
    const start = joins ? (this.#joined?.byteOffset ?? 0) : this.#filled
    this.#block.set(octets, this.#filled)
    this.#filled += octets.length
    this.#joined = this.#block.subarray(start, this.#filled)
    if (joins) this.#later.pop()
    this.#later.push(this.#joined)
  }

  #next(): void {
    this.#head = this.#later.shift() ?? EMPTY
    this.#at = 0
  }

  #gather(): void {
    if (this.#at === this.#head.length && this.#later.length === 1) {
      this.#next()
      return
    }
    const joined = new Uint8Array(this.#size)
    joined.set(this.#head.subarray(this.#at))
    let offset = this.#head.length - this.#at
    for (const part of this.#later) {
      joined.set(part, offset)
      offset += part.length
    }
    this.#head = joined
    this.#at = 0
    this.#later = []
  }
}
