/** Waits for space on a medium that is full, and knows that it waits. R-20: nothing is lost by it, and all goes on by itself. @module */
import type { LogTimers } from './types.ts'

const RETRY_MS = 200

/** What a full store is called in the errors of the log. */
export class NoSpaceError extends Error {
  constructor() {
    super('the store is full')
    this.name = 'NoSpaceError'
  }
}

export class SpaceWatch {
  readonly #timers: LogTimers
  readonly #wake: Set<() => void> = new Set()
  #waiting = 0
  #closing = false

  constructor(timers: LogTimers) {
    this.#timers = timers
  }

  /** Whether anything waits for space. */
  get isFull(): boolean {
    return this.#waiting > 0
  }

  /**
   * Attempts until it succeeds; an attempt says false for no space.
   * @throws NoSpaceError when the log is closed while it waits
   */
  async until(attempt: () => Promise<boolean>): Promise<void> {
    if (await attempt()) return
    this.#waiting++
    try {
      do {
        if (this.#closing) throw new NoSpaceError()
        await this.#pause()
      } while (!(await attempt()))
    } finally {
      this.#waiting--
    }
  }

  /** Whoever waits tries once more and then gives up. */
  close(): void {
    this.#closing = true
    for (const wake of this.#wake) wake()
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        stop()
        this.#wake.delete(wake)
        resolve()
      }
      const stop = this.#timers.after(RETRY_MS, wake)
      this.#wake.add(wake)
    })
  }
}
