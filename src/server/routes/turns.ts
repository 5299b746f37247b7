/** Lets what one caller asks for run one after the other, and what different callers ask for at once. @module */

interface Queue {
  last: Promise<unknown>
  count: number
}

export class Turns {
  readonly #queues: Map<string, Queue> = new Map()
  readonly #limit: number

  /** @param limit tasks of one caller that run or wait */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Undefined, at once, when too many wait. */
  take<T>(caller: string, task: () => Promise<T>): Promise<T> | undefined {
    const queue = this.#queues.get(caller) ?? { last: Promise.resolve(), count: 0 }
    if (queue.count >= this.#limit) return undefined
    this.#queues.set(caller, queue)
    queue.count++
    const result = queue.last.then(task)
    const leave = (): void => {
      queue.count--
      if (queue.count === 0) this.#queues.delete(caller)
    }
    queue.last = result.then(leave, leave)
    return result
  }
}
