/** One timer for all open streams: none of them needs its own before its first event. @module */
import type { Timers } from '../deps.ts'

const BEAT_MS = 1_000

/** Called about once a second with the time of the monotonic clock. */
export type Beat = (nowMs: number) => void

export class Pulse {
  readonly #timers: Timers
  readonly #monotonicMs: () => number
  readonly #beats: Set<Beat> = new Set()
  #armed = false

  constructor(timers: Timers, monotonicMs: () => number) {
    this.#timers = timers
    this.#monotonicMs = monotonicMs
  }

  /** @returns what to call to stop */
  add(beat: Beat): () => void {
    this.#beats.add(beat)
    this.#arm()
    return () => {
      this.#beats.delete(beat)
    }
  }

  #arm(): void {
    if (this.#armed || this.#beats.size === 0) return
    this.#armed = true
    this.#timers.after(BEAT_MS, () => {
      this.#armed = false
      const nowMs = this.#monotonicMs()
      for (const beat of this.#beats) beat(nowMs)
      this.#arm()
    })
  }
}
