/** Those who wait until a leaf is below a quoted checkpoint. @module */
import type { Cancel, Timers } from '../deps.ts'

interface Waiter {
  readonly index: number
  readonly resolve: (covered: boolean) => void
  readonly cancel: Cancel
}

export class QuoteWaiters {
  readonly #timers: Timers
  readonly #waiters: Set<Waiter> = new Set()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Resolves to whether a quoted checkpoint held the leaf at `index` within `waitMs`. */
  wait(index: number, waitMs: number): Promise<boolean> {
    if (waitMs <= 0) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiter: Waiter = { index, resolve, cancel: this.#timers.after(waitMs, () => this.#end(waiter, false)) }
      this.#waiters.add(waiter)
    })
  }

  /** A checkpoint of `size` leaves is quoted. */
  release(size: number): void {
    for (const waiter of this.#waiters) if (waiter.index < size) this.#end(waiter, true)
  }

  /** Nothing will be quoted any more. */
  abandon(): void {
    for (const waiter of this.#waiters) this.#end(waiter, false)
  }

  #end(waiter: Waiter, covered: boolean): void {
    this.#waiters.delete(waiter)
    waiter.cancel()
    waiter.resolve(covered)
  }
}
