/** The octets of an answer between a connection that pushes and a reader that pulls; holds little and stops the connection when full. @module */

/** The connection's side. */
export interface AnswerFlow {
  /** Stop reading from the connection: enough is held. */
  pause(): void
  resume(): void
  /** The reader has nothing and waits: from here on silence is the upstream's. */
  waiting(): void
  /** The reader left before the end. */
  cancel(): void
}

/** Octets held before the connection is paused; one read of the connection may come on top. */
const HIGH_WATER = 16 * 1024

interface Waiting {
  resolve(result: IteratorResult<Uint8Array, undefined>): void
  reject(error: Error): void
}

/** One reader. What arrives while the reader is busy comes as one chunk. */
export class AnswerBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #flow: AnswerFlow
  #held: Uint8Array[] = []
  #size = 0
  #paused = false
  #waiting: Waiting | undefined
  #end: 'open' | 'ended' | Error = 'open'

  constructor(flow: AnswerFlow) {
    this.#flow = flow
  }

  /** Whether the reader waits for the upstream. */
  get starved(): boolean {
    return this.#waiting !== undefined
  }

  push(chunk: Uint8Array): void {
    if (this.#end !== 'open' || chunk.length === 0) return
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting.resolve({ done: false, value: chunk })
      return
    }
    this.#held.push(chunk)
    this.#size += chunk.length
    if (this.#size >= HIGH_WATER && !this.#paused) {
      this.#paused = true
      this.#flow.pause()
    }
  }

  /** No more octets. */
  end(): void {
    if (this.#end !== 'open') return
    this.#end = 'ended'
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  /** The reader gets what is held and then the error; with `discard` the error alone. */
  fail(error: Error, { discard }: { readonly discard: boolean }): void {
    if (discard) this.#take()
    if (this.#end !== 'open' && !discard) return
    this.#end = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#take()
    if (value !== undefined) {
      if (this.#paused) {
        this.#paused = false
        this.#flow.resume()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#end === 'ended') return Promise.resolve({ done: true, value: undefined })
    if (this.#end !== 'open') {
      const error = this.#end
      this.#end = 'ended'
      return Promise.reject(error)
    }
    if (this.#waiting !== undefined) return Promise.reject(new TypeError('one next() at a time'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#flow.waiting()
    })
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#end === 'open') this.#flow.cancel()
    this.#take()
    this.#end = 'ended'
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): Uint8Array | undefined {
    const [first, ...more] = this.#held
    if (first === undefined) return undefined
    const joined = more.length === 0 ? first : Buffer.concat(this.#held, this.#size)
    this.#held = []
    this.#size = 0
    return joined
  }
}
