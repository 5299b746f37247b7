/** The clock of one exchange: a timer for the phase that it is in and one for all of it. @module */

export type ExchangePhase = 'connection' | 'first byte' | 'idle' | 'total'

interface PhaseTimes {
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** Two timers, refreshed rather than made anew: a stream touches its timer with every read. */
export class ExchangeTimer {
  readonly #times: PhaseTimes
  readonly #onTimeout: (phase: ExchangePhase) => void
  readonly #total: NodeJS.Timeout
  #phase: NodeJS.Timeout
  #current: 'connection' | 'first byte' | 'idle' = 'connection'

  constructor(times: PhaseTimes, onTimeout: (phase: ExchangePhase) => void) {
    this.#times = times
    this.#onTimeout = onTimeout
    this.#total = setTimeout(onTimeout, times.totalMs, 'total')
    this.#phase = setTimeout(onTimeout, times.connectMs, 'connection')
  }

  enter(phase: 'first byte' | 'idle'): void {
    clearTimeout(this.#phase)
    this.#phase = setTimeout(this.#onTimeout, phase === 'idle' ? this.#times.idleMs : this.#times.firstByteMs, phase)
    this.#current = phase
  }

  /** Silence is counted from here; only between chunks, the other phases run through. */
  touch(): void {
    if (this.#current === 'idle') this.#phase.refresh()
  }

  stop(): void {
    clearTimeout(this.#total)
    clearTimeout(this.#phase)
  }
}
