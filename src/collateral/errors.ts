/** What a fetch of collateral throws when the vendor gave none. Whether a stale copy may stand in is decided by `reached`. @module */
import { CountersignError, MalformedError } from '../errors.ts'

export interface CollateralFault {
  /** Whether the vendor answered for itself. Only where it did not may an older copy stand in. */
  readonly reached: boolean
  /** Whether asking again can help. */
  readonly retry: 'later' | 'never'
  /** Of the answer, if there was one. */
  readonly status?: number
  /** How long the vendor asks to wait. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** A certificate, list or document could not be obtained. The message says what to do. */
export class CollateralError extends CountersignError {
  readonly reached: boolean
  readonly retry: 'later' | 'never'
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, { reached, retry, status, retryAfterMs, cause }: CollateralFault) {
    super('ERR_COLLATERAL_UNAVAILABLE', message, { cause })
    this.name = 'CollateralError'
    this.reached = reached
    this.retry = retry
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** An address that is not asked. */
export function foreignSource(what: string): MalformedError {
  return new MalformedError(
    'COLLATERAL_SOURCE',
    `${what}; only the vendors' own hosts are asked, over https, or a mirror that the operator names`,
  )
}
