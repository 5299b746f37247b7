/** Time that moves when a test says so: a clock and timers that never sleep. @module */
import type { Cancel, Clock, Timers } from '../../../src/server/deps.ts'

interface Due {
  readonly atMs: number
  readonly run: () => void
}

export class ManualTime implements Clock, Timers {
  #nowMs: number
  readonly #due: Set<Due> = new Set()

  constructor(start: Date = new Date()) {
    this.#nowMs = start.getTime()
  }

  now(): Date {
    return new Date(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): Cancel {
    const due = { atMs: this.#nowMs + ms, run }
    this.#due.add(due)
    return () => this.#due.delete(due)
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#due.size
  }

  /** Milliseconds until the next timer fires; undefined without any. */
  get nextInMs(): number | undefined {
    const [next] = this.#inOrder()
    return next === undefined ? undefined : next.atMs - this.#nowMs
  }

  /** Moves on, firing what comes due on the way, in order; what is armed meanwhile too. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const [next] = this.#inOrder()
      if (next === undefined || next.atMs > endMs) break
      this.#due.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = endMs
  }

  #inOrder(): readonly Due[] {
    return [...this.#due].sort((a, b) => a.atMs - b.atMs)
  }
}
