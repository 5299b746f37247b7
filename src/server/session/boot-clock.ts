/** Times of this boot as its documents give them: seconds that never go back, whatever the host's clock does. wire.md section 5. @module */
import type { Clock } from '../deps.ts'

export class BootClock {
  readonly #clock: Clock
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For `iat`: session.iat <= receipt.iat <= statement.iat hold because all of them come from here. */
  seconds(): number {
    this.#last = Math.max(this.#last, Math.floor(this.#clock.now().getTime() / 1000))
    return this.#last
  }

  /** The same instant for judging evidence, at full resolution where the host's clock is ahead of `seconds`. */
  date(): Date {
    return new Date(Math.max(this.seconds() * 1000, this.#clock.now().getTime()))
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }
}
