/**
 * Who is let in, and who is owed a receipt. While the session changes, requests wait here: one that began under a session is signed under
 * it. @module
 */
import type { Cancel, Timers } from '../deps.ts'

/** One admitted request; called when it must come to an end now. */
export type CutShort = () => void

/** Longest wait for a change of the session. */
const HOLD_MS = 20_000
/** Waiting requests hold their content in memory. */
const MAX_WAITING = 1_024

interface Waiter {
  readonly resolve: (admitted: boolean) => void
  readonly cancel: Cancel
}

export class Admission {
  readonly #timers: Timers
  readonly #open: Set<CutShort> = new Set()
  readonly #waiting: Set<Waiter> = new Set()
  #held = false
  #idle: (() => void)[] = []

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Whether requests wait now. */
  get held(): boolean {
    return this.#held
  }

  /** Admitted requests whose receipt is not durable yet. */
  get open(): number {
    return this.#open.size
  }

  /** Resolves when requests are let in: true at once as a rule; false when it takes too long or too many wait. */
  pass(): Promise<boolean> {
    if (!this.#held) return Promise.resolve(true)
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiter: Waiter = { resolve, cancel: this.#timers.after(HOLD_MS, () => this.#answer(waiter, false)) }
      this.#waiting.add(waiter)
    })
  }

  /** Lets no more in until {@link release}. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    for (const waiter of this.#waiting) this.#answer(waiter, true)
  }

  /** A request is admitted. @returns what to call when its receipt is durable */
  enter(cutShort: CutShort): () => void {
    // One function may come twice: each entry has an identity of its own.
    const entry: CutShort = () => cutShort()
    this.#open.add(entry)
    return () => {
      this.#open.delete(entry)
      if (this.#open.size > 0) return
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Resolves when every admitted request has its receipt on the disk. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** What is still open ends now, with its receipt. */
  cutAll(): void {
    for (const cutShort of this.#open) cutShort()
  }

  #answer(waiter: Waiter, admitted: boolean): void {
    this.#waiting.delete(waiter)
    waiter.cancel()
    waiter.resolve(admitted)
  }
}
