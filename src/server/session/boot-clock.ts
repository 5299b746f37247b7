/**
 * Times as the gateway's documents give them: seconds that never go back, whatever the host's clock does. wire.md section 5.
 *
 * The host owns the clock. What it says is followed where it can be true: forward by up to a day at once (a machine that slept, a clock
 * that was set). A leap beyond is not followed, or one wrong reading would date everything after it: time goes on by the monotonic clock.
 * Only before anything is vouched for is a leap followed that lasts: the machine may have begun before its clock was set.
 * A clock that stands still or was set back is waited for at half pace, so that time neither stops nor stays wrong. @module
 */
import type { Clock } from '../deps.ts'

const MAX_LEAP_MS = 86_400_000
const WAITING_PACE = 0.5
/** A leap that lasts is the same for as long, give or take what a clock is corrected by. */
const LASTING_MS = 1_000
const SAME_MS = 1_000

interface Leap {
  readonly aheadMs: number
  readonly sinceMs: number
}

export class BootClock {
  readonly #clock: Clock
  readonly #onLeap: (aheadMs: number) => void
  #lastMs: number
  #lastMonotonicMs: number
  #leap: Leap | undefined
  #isVouchedFor = false

  /** @param onLeap told once when the host's clock runs further ahead than is believed */
  constructor(clock: Clock, onLeap: (aheadMs: number) => void = () => {}) {
    this.#clock = clock
    this.#onLeap = onLeap
    this.#lastMs = clock.now().getTime()
    this.#lastMonotonicMs = clock.monotonicMs()
  }

  /** For `iat`: session.iat <= receipt.iat <= statement.iat hold because all of them come from here. */
  seconds(): number {
    return Math.floor(this.#advance() / 1000)
  }

  /** The same instant for judging evidence, at full resolution. */
  date(): Date {
    return new Date(this.#advance())
  }

  /** Evidence of this time has verified: from now on it is held against every leap. */
  vouched(): void {
    this.#isVouchedFor = true
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  /**
   * Goes on from a time that an earlier boot stated under a quote, so that this one is not dated before it.
   * @returns false for one further ahead than is believed: the clock was wrong then, or is now
   */
  notBefore(seconds: number): boolean {
    const aheadMs = seconds * 1000 - this.#advance()
    if (aheadMs > MAX_LEAP_MS) return false
    if (aheadMs > 0) this.#lastMs += aheadMs
    return true
  }

  #advance(): number {
    const monotonicMs = this.#clock.monotonicMs()
    const elapsedMs = Math.max(0, monotonicMs - this.#lastMonotonicMs)
    this.#lastMonotonicMs = monotonicMs
    const hostMs = this.#clock.now().getTime()
    const expectedMs = this.#lastMs + elapsedMs
    if (hostMs - expectedMs > MAX_LEAP_MS && !this.#isLasting(hostMs - expectedMs)) {
      this.#lastMs = expectedMs
    } else {
      this.#leap = undefined
      this.#lastMs = Math.max(hostMs, this.#lastMs + elapsedMs * WAITING_PACE)
    }
    return this.#lastMs
  }

  /** Whether a leap is believed after all. Told of once, however long it goes on. */
  #isLasting(aheadMs: number): boolean {
    const leap = this.#leap
    if (leap === undefined) this.#onLeap(aheadMs)
    if (leap === undefined || Math.abs(leap.aheadMs - aheadMs) > SAME_MS) {
      this.#leap = { aheadMs, sinceMs: this.#lastMonotonicMs }
      return false
    }
    return !this.#isVouchedFor && this.#lastMonotonicMs - leap.sinceMs >= LASTING_MS
  }
}
