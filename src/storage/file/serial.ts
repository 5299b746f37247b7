/** One after the other, in the order of the calls. @module */

export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs when all that was given before has ended, well or badly. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task)
    this.#last = result.catch(() => {})
    return result
  }
}
