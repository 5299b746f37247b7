/** Connections of one channel: each made ready before its first request, one request on each at a time, a bounded number of them. @module */
import type { Connection } from './connection.ts'

/** A connection with what was verified of it. */
export interface Ready<T> {
  readonly connection: Connection
  readonly bound: T
}

interface Waiter<T> {
  /** A connection that is free now, or with `undefined` the right to open one. */
  give(ready: Ready<T> | undefined): void
}

export class ConnectionPool<T> {
  readonly #open: () => Promise<Ready<T>>
  readonly #limit: number
  readonly #idle: Ready<T>[] = []
  readonly #waiting: Waiter<T>[] = []
  /** Open or being opened. */
  #count = 0
  #closed = false

  /** @param open makes a connection and everything that must come before a request */
  constructor(open: () => Promise<Ready<T>>, limit: number) {
    this.#open = open
    this.#limit = limit
  }

  /** A connection for one request; whoever takes it gives it back. */
  async take(signal: AbortSignal | undefined): Promise<Ready<T>> {
    signal?.throwIfAborted()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.connection.isUsable) return idle
      this.#count--
    }
    if (this.#count < this.#limit) {
      this.#count++
      return this.#begin()
    }
    return (await this.#wait(signal)) ?? this.#begin()
  }

  giveBack(ready: Ready<T>): void {
    const { connection } = ready
    if (!connection.isUsable) {
      this.#freePlace()
      return
    }
    const next = this.#waiting.shift()
    if (next !== undefined) next.give(ready)
    else if (this.#closed) {
      connection.destroy()
      this.#count--
    } else this.#idle.push(ready)
  }

  /** What waits or is under way may end. */
  close(): void {
    this.#closed = true
    for (const { connection } of this.#idle.splice(0)) {
      connection.destroy()
      this.#count--
    }
  }

  /** In a place that is counted already. */
  async #begin(): Promise<Ready<T>> {
    try {
      return await this.#open()
    } catch (error) {
      this.#freePlace()
      throw error
    }
  }

  #freePlace(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#count--
    else next.give(undefined)
  }

  #wait(signal: AbortSignal | undefined): Promise<Ready<T> | undefined> {
    return new Promise((resolve, reject) => {
      const abandon = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(signal?.reason)
      }
      const waiter: Waiter<T> = {
        give: (ready) => {
          signal?.removeEventListener('abort', abandon)
          resolve(ready)
        },
      }
      this.#waiting.push(waiter)
      signal?.addEventListener('abort', abandon, { once: true })
    })
  }
}
