/** Remembers the first failure of a log: after it nothing is appended or signed any more. @module */
import { CountersignError } from '../../errors.ts'

/**
 * A failed write or fsync leaves pages whose fate nobody knows, and a second fsync would report success for them ("fsyncgate"). So the
 * first failure is final, and the boot with it.
 */
export class FailureLatch {
  readonly #onFailure: (error: CountersignError) => void
  readonly #onTrip: (() => void)[] = []
  #failure: CountersignError | undefined
  #closed = false

  constructor(onFailure: (error: CountersignError) => void) {
    this.#onFailure = onFailure
  }

  /** The first failure, if there was one. */
  get failure(): CountersignError | undefined {
    return this.#failure
  }

  /** Lets new work in. @throws CountersignError ERR_LOG_APPEND after a failure and after {@link close} */
  admit(): void {
    this.check()
    if (this.#closed) throw new CountersignError('ERR_LOG_APPEND', 'the log is closed')
  }

  /** Lets admitted work go on. @throws CountersignError ERR_LOG_APPEND after a failure */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Runs once something has failed: whoever waits must not wait for ever. */
  whenTripped(run: () => void): void {
    this.#onTrip.push(run)
  }

  /** Records a failure and tells its owner, the first time; returns what everyone gets to see. */
  trip(cause: unknown): CountersignError {
    if (this.#failure === undefined) {
      this.#failure = new CountersignError('ERR_LOG_APPEND', 'the log could not be made durable: this boot is over', {
        cause,
      })
      for (const run of this.#onTrip) run()
      this.#onFailure(this.#failure)
    }
    return this.#failure
  }

  /** Admits nothing from now on; nothing failed. */
  close(): void {
    this.#closed = true
  }
}
