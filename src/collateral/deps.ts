/** What fetching collateral needs of its runtime, and what its caller is told meanwhile. @module */

export interface CollateralDeps {
  readonly fetch: typeof globalThis.fetch
  readonly clock: { now(): Date; monotonicMs(): number }
  /** Resolves after `ms`; used between attempts. */
  readonly sleep: (ms: number) => Promise<void>
  /** Aborts after `ms`. */
  readonly timeout: (ms: number) => AbortSignal
}

export type ProgressState =
  /** A copy that is fresh enough was at hand. */
  | 'cached'
  | 'fetching'
  /** The vendor asks to wait, or failed: another attempt follows. */
  | 'waiting'
  | 'fetched'
  /** The vendor cannot be reached; an older copy that is still current stands in. */
  | 'stale'
  | 'failed'

export interface Progress {
  /** For people, for example `VCEK` or `TCB info`. */
  readonly what: string
  readonly state: ProgressState
  /** The wait, or the error's message. */
  readonly detail?: string
}
