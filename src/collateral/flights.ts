/** One request for one document, however many ask for it; and so many requests at the same time, not more. @module */

/** Runs a task for each key once at a time: who comes while it runs shares its result, and its failure. */
export class Flights<T> {
  readonly #running: Map<string, Promise<T>> = new Map()

  run(key: string, task: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const started = task().finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }
}

/** Lets `width` tasks run at the same time; the others wait for their turn, in order, until their signal aborts. */
export class Lanes {
  #free: number
  readonly #waiting: Set<() => void> = new Set()

  constructor(width: number) {
    this.#free = width
  }

  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    await this.#enter(signal)
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(proceed)
        reject(signal.reason)
      }
      const proceed = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      this.#waiting.add(proceed)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Whoever waits longest takes the place over. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free++
    else {
      this.#waiting.delete(next)
      next()
    }
  }
}
