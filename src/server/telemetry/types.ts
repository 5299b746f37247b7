/** What the gateway tells its operator. Content-free: no prompt, no answer, no digest of either, no rid, no key, no header. @module */
import type { Outcome } from '../../core/receipt/claims.ts'

/** One line for each request. */
export interface RequestLine {
  readonly event: 'request'
  /** Identifies the receipt in the log; the client's rid cannot be found from it. Absent where no receipt was made. */
  readonly jti?: string
  readonly requestId: string
  /** The pattern of the route, never the path: paths hold rids. */
  readonly route: string
  readonly status: number
  readonly outcome?: Outcome
  /** Id of a configured model; absent for names that clients made up. */
  readonly model?: string
  readonly stream?: boolean
  readonly requestSize: number
  readonly responseSize: number
  readonly durationMs: number
  /** From admission to the first octet; streams alone. */
  readonly firstByteMs?: number
}

/** Something that happened outside of requests. */
export interface NoticeLine {
  readonly event:
    | 'quote'
    | 'quote-failed'
    | 'log-failed'
    | 'boot'
    | 'boot-failed'
    | 'epoch'
    | 'state-rollback'
    | 'clock-leap'
    | 'certificate'
    | 'witness'
    | 'scrub'
    | 'retention'
    | 'evidence-not-stored'
    | 'weights'
    | 'session-measured'
    | 'collateral'
    | 'history-damaged'
    | 'internal-error'
    | 'started'
    | 'stopped'
  readonly detail: string
  readonly durationMs?: number
}

export type TelemetryLine = RequestLine | NoticeLine

export interface TelemetrySink {
  write(line: TelemetryLine): void
}
