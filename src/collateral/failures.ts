/** Failures of the last seconds, so that a vendor that is down or throttles is not asked by every verification. @module */
import { MalformedError } from '../errors.ts'
import { CollateralError } from './errors.ts'

const MAX_REMEMBERED = 1000
/** However long a vendor asks to wait: operators mend things in minutes. */
const MAX_MEMORY_MS = 300_000

interface Failure {
  readonly error: CollateralError | MalformedError
  readonly at: number
  readonly until: number
}

/** The memory of a failure; not a failure of its own, which would never be forgotten. */
class RecentFailure extends CollateralError {}

export class Failures {
  readonly #memoryMs: number
  readonly #recent: Map<string, Failure> = new Map()

  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs
  }

  /** @throws CollateralError that says when it failed and when it will be tried again; MalformedError as it was */
  refuseRecent(key: string, now: number): void {
    const failure = this.#recent.get(key)
    if (failure === undefined) return
    if (now >= failure.until) {
      this.#recent.delete(key)
      return
    }
    const { error, at, until } = failure
    if (error instanceof MalformedError) throw error
    const { reached, retry, status } = error
    const ago = Math.round((now - at) / 1000)
    const left = Math.ceil((until - now) / 1000)
    throw new RecentFailure(`${error.message} [failed ${ago} s ago; the vendor is asked again in ${left} s]`, {
      reached,
      retry,
      cause: error,
      ...(status !== undefined && { status }),
    })
  }

  /** Remembers a failure from its first time on: being asked about it does not prolong it. */
  remember(key: string, error: unknown, now: number): void {
    const known = error instanceof CollateralError || error instanceof MalformedError
    if (!known || error instanceof RecentFailure || this.#recent.has(key)) return
    const [oldest] = this.#recent.keys()
    if (this.#recent.size >= MAX_REMEMBERED && oldest !== undefined) this.#recent.delete(oldest)
    const asked = error instanceof CollateralError ? (error.retryAfterMs ?? 0) : 0
    const until = now + Math.min(MAX_MEMORY_MS, Math.max(this.#memoryMs, asked))
    this.#recent.set(key, { error, at: now, until })
  }

  forget(key: string): void {
    this.#recent.delete(key)
  }
}
