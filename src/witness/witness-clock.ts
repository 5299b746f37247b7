/** Seconds for cosignatures. A clock may be set back; what was cosigned as of a time stays cosigned, so that time is never undercut. @module */

export class WitnessClock {
  readonly #now: () => Date
  #newest: number

  /** @param newest the newest time that was given out before, by this process or an earlier one */
  constructor(now: () => Date, newest: number) {
    this.#now = now
    this.#newest = Math.max(1, newest)
  }

  /** The time by the clock, but not before any that was given out, nor before `floor`. */
  seconds(floor = 0): number {
    const now = Math.floor(this.#now().getTime() / 1000)
    this.#newest = Math.max(this.#newest, floor, Number.isSafeInteger(now) ? now : 0)
    return this.#newest
  }

  /** The clock as it stands: what judges the age of evidence. */
  now(): Date {
    return this.#now()
  }
}
