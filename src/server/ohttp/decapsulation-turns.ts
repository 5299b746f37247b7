/**
 * Hybrid keys are opened one at a time, and everything else has its turn in between. X-Wing is computed in this thread, some milliseconds for
 * a kilobyte that anybody can send: a burst of them would otherwise stop every stream until the last is done. @module
 */

/** Some seconds of work: whoever comes behind is better told so. */
const MOST_WAITING = 256

export class DecapsulationTurns {
  readonly #most: number
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor({ most = MOST_WAITING }: { readonly most?: number } = {}) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.#waiting >= this.#most
  }

  /** Runs a task when those before it are done and whatever else waited has had its turn. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const result = this.#last.then(nextTurn).then(task)
    this.#last = result.catch(() => undefined)
    try {
      return await result
    } finally {
      this.#waiting--
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
