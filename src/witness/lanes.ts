/** Lets what concerns one name run one after the other, and what concerns different names at once. @module */

interface Lane {
  tail: Promise<void>
  waiting: number
}

export class Lanes {
  readonly #lanes: Map<string, Lane> = new Map()
  readonly #limit: number

  /** @param limit how many may run or wait in one lane: a queue that strangers fill must end somewhere */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `work` when all before it in this lane is over; undefined, at once, when the lane is full. */
  run<T>(name: string, work: () => Promise<T>): Promise<T> | undefined {
    const lane = this.#lanes.get(name) ?? { tail: Promise.resolve(), waiting: 0 }
    if (lane.waiting >= this.#limit) return undefined
    this.#lanes.set(name, lane)
    lane.waiting++
    const result = lane.tail.then(work)
    const leave = (): void => {
      lane.waiting--
      if (lane.waiting === 0) this.#lanes.delete(name)
    }
    lane.tail = result.then(leave, leave)
    return result
  }
}
