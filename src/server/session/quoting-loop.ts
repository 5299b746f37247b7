/**
 * When the hardware is asked for a quote: one attempt at a time, when something waits for one or the evidence runs out, never because of
 * quotes alone. It knows nothing of statements: `attempt` gives evidence that verified, or rejects. wire.md section 1. @module
 */
import type { Cancel, Timers } from '../deps.ts'

export interface QuotingOptions {
  /** Least time from one attempt's start to the next, but for a full batch. */
  readonly intervalMs: number
  /** After this long an attempt counts as failed, and another may begin. */
  readonly deadlineMs: number
}

export interface QuotingDeps<Evidence> {
  /** Asks and verifies. What it resolves to is used; nothing else is. */
  readonly attempt: () => Promise<Evidence>
  /** Whether something waits for a quote newer than the last one. */
  readonly isDue: () => boolean
  /** Whether what waits cannot wait for the interval: only the rest of the device is kept then. */
  readonly isUrgent: () => boolean
  /** Uses the evidence; false when it is older than what is in use. */
  readonly adopt: (evidence: Evidence) => boolean
  /** Milliseconds from now until the evidence should be renewed though nothing waits. */
  readonly renewInMs: (evidence: Evidence) => number
  /** How long the device itself took over this evidence. What log and disk take is no reason to leave it alone. */
  readonly deviceMs: (evidence: Evidence) => number
  readonly report: (outcome: QuotingOutcome) => void
  readonly monotonicMs: () => number
  readonly timers: Timers
}

export type QuotingOutcome =
  | { readonly ok: true; readonly durationMs: number }
  | { readonly ok: false; readonly durationMs: number; readonly error: unknown }

const FIRST_RETRY_MS = 100
const MAX_DEADLINE_MS = 60_000
/** The device is left alone for as long as it took, so that a throttled one is asked at half its pace. */
const REST_FACTOR = 2

interface Attempt {
  readonly startedMs: number
  readonly cancelDeadline: Cancel
}

export class QuotingLoop<Evidence> {
  readonly #deps: QuotingDeps<Evidence>
  readonly #options: QuotingOptions
  #current: Attempt | undefined
  #cancelNext: Cancel | undefined
  /** When the armed timer fires; a later wish leaves it as it is. */
  #nextMs = Number.POSITIVE_INFINITY
  #deadlineMs: number
  #earliestMs = Number.NEGATIVE_INFINITY
  /** Until then the device is left alone, however much waits. */
  #restMs = Number.NEGATIVE_INFINITY
  #renewMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #closed = false
  #idle: (() => void)[] = []

  constructor(deps: QuotingDeps<Evidence>, options: QuotingOptions) {
    this.#deps = deps
    this.#options = options
    this.#deadlineMs = options.deadlineMs
  }

  /** Something waits now, or may: arms the next attempt if it is due. Cheap when one is armed or under way. */
  poke(): void {
    if (this.#closed || this.#current !== undefined) return
    const wishMs = this.#wishMs()
    if (wishMs >= this.#nextMs) return
    this.#cancelNext?.()
    this.#nextMs = wishMs
    this.#cancelNext = this.#deps.timers.after(Math.max(0, wishMs - this.#deps.monotonicMs()), () => {
      this.#nextMs = Number.POSITIVE_INFINITY
      this.#begin()
    })
  }

  #wishMs(): number {
    if (this.#deps.isUrgent()) return this.#restMs
    return this.#deps.isDue() ? this.#earliestMs : Math.max(this.#earliestMs, this.#renewMs)
  }

  /** Makes one last attempt if something waits, and no more after it. */
  async close(): Promise<void> {
    await this.#settled()
    this.#cancelNext?.()
    if (this.#deps.isDue()) {
      this.#begin()
      await this.#settled()
    }
    this.#closed = true
    this.#cancelNext?.()
  }

  /** Ends at once: the log has failed and nothing can be quoted any more. */
  stop(): void {
    this.#closed = true
    this.#cancelNext?.()
    this.#current?.cancelDeadline()
    this.#current = undefined
    this.#wakeClosers()
  }

  #settled(): Promise<void> {
    if (this.#current === undefined) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #begin(): void {
    if (this.#closed || this.#current !== undefined) return
    const startedMs = this.#deps.monotonicMs()
    const attempt: Attempt = {
      startedMs,
      cancelDeadline: this.#deps.timers.after(this.#deadlineMs, () => this.#overdue(attempt)),
    }
    this.#current = attempt
    this.#deps.attempt().then(
      (evidence) => this.#succeeded(attempt, evidence),
      (error) => this.#failed(attempt, error),
    )
  }

  /** Evidence that comes after its deadline verified all the same: it is used, unless newer came in between. */
  #succeeded(attempt: Attempt, evidence: Evidence): void {
    // Late after the end: whoever closed the loop has closed what the evidence would go into.
    if (this.#closed) return
    const durationMs = this.#deps.monotonicMs() - attempt.startedMs
    if (this.#deps.adopt(evidence)) this.#renewMs = this.#deps.monotonicMs() + this.#deps.renewInMs(evidence)
    this.#deps.report({ ok: true, durationMs })
    if (this.#current !== attempt) return
    this.#failures = 0
    this.#deadlineMs = this.#options.deadlineMs
    this.#restMs = attempt.startedMs + this.#deps.deviceMs(evidence) * REST_FACTOR
    this.#release(attempt, Math.max(this.#restMs, attempt.startedMs + this.#options.intervalMs))
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (this.#current !== attempt) return
    const nowMs = this.#deps.monotonicMs()
    this.#deps.report({ ok: false, durationMs: nowMs - attempt.startedMs, error })
    const backOffMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, Math.max(FIRST_RETRY_MS, this.#options.intervalMs))
    this.#failures++
    this.#restMs = nowMs + backOffMs
    this.#release(attempt, this.#restMs)
  }

  /** A device that stalls gets twice the time at the next attempt, so that attempts do not pile up before it. */
  #overdue(attempt: Attempt): void {
    this.#deadlineMs = Math.min(this.#deadlineMs * 2, Math.max(MAX_DEADLINE_MS, this.#options.deadlineMs))
    this.#failed(attempt, new Error('the device did not answer within its deadline'))
  }

  #release(attempt: Attempt, earliestMs: number): void {
    attempt.cancelDeadline()
    this.#current = undefined
    this.#earliestMs = earliestMs
    this.#wakeClosers()
    this.poke()
  }

  #wakeClosers(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}
