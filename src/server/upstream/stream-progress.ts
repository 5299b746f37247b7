/** How far a stream of choices has come: whether every one has ended, and what they used. @module */
import type { BlockReading, UsageReading } from './event-reading.ts'

/** Fed with the readings of one stream, in order. */
export class StreamProgress {
  readonly #reasons: Map<number, string | null> = new Map()
  readonly #expected: number
  #usage: UsageReading | undefined
  #ended = 0
  #failed = false
  #done = false

  /** @param choices how many choices the request asked for (`n`) */
  constructor(choices: number = 1) {
    this.#expected = choices
  }

  note(reading: BlockReading): void {
    if (reading.kind === 'done') this.#done = true
    if (reading.kind === 'error' || reading.kind === 'invalid') this.#failed = true
    if (reading.kind !== 'event') return
    for (const { index, finishReason } of reading.choices) {
      const before = this.#reasons.get(index) ?? null
      if (before === null && finishReason !== null) this.#ended++
      this.#reasons.set(index, finishReason ?? before)
    }
    this.#usage = reading.usage ?? this.#usage
  }

  /** Every choice has its `finish_reason`, and no event was an error or unreadable. Else it was cut short. Asked for each event: cheap. */
  get finished(): boolean {
    return !this.#failed && this.#ended >= this.#expected && this.#ended === this.#reasons.size
  }

  /** By choice, in the order of their indexes. */
  get finishReasons(): readonly (string | null)[] {
    return [...this.#reasons].sort(([a], [b]) => a - b).map(([, reason]) => reason)
  }

  /** `[DONE]` was seen. Some servers leave it out, so it decides nothing. */
  get done(): boolean {
    return this.#done
  }

  /** An error event or an unreadable one was seen. */
  get failed(): boolean {
    return this.#failed
  }

  /** The last usage that was reported. */
  get usage(): UsageReading | undefined {
    return this.#usage
  }
}
