/** One call of a device at a time, each within its time. @module */
import { CountersignError } from '../errors.ts'

export interface Timers {
  /** Runs once after `ms`. @returns stops it */
  after(ms: number, run: () => void): () => void
}

/** Timers of the runtime. */
export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Runs after what came before, whatever became of it. */
  take<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const run = (): Promise<T> => {
      this.#waiting--
      return task()
    }
    const turn = this.#last.then(run, run)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Calls behind the one under way. */
  get waiting(): number {
    return this.#waiting
  }
}

/** @throws CountersignError ERR_QUOTE after `ms`; whatever comes of the call then is not looked at, and `onLate` lets go of it */
export async function within<T>(
  call: () => Promise<T>,
  { timers, ms, what, onLate }: { readonly timers: Timers; readonly ms: number; readonly what: string; onLate(): void },
): Promise<T> {
  let cancel = (): void => {}
  const late = new Promise<never>((_, reject) => {
    cancel = timers.after(ms, () => {
      reject(new CountersignError('ERR_QUOTE', `${what} did not answer within ${ms / 1000} s, and was let go of`))
      onLate()
    })
  })
  try {
    return await Promise.race([call(), late])
  } finally {
    cancel()
  }
}

export function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(ms, resolve)
  })
}
