/** How long, how often and how much: the bounds within which vendors are asked. @module */

export interface CollateralLimits {
  /** One request, from its start to the last octet of its answer. */
  readonly requestTimeoutMs: number
  /** One document, all attempts and waits together. */
  readonly totalTimeoutMs: number
  /** Requests for one document. */
  readonly attempts: number
  /** Requests at the same time; one document is never asked for twice at once. */
  readonly parallel: number
  /** Wait before the second attempt; it doubles with each further one. */
  readonly backOffMs: number
  /** Wait after 429 without Retry-After: AMD answers one and the same request once in ten seconds. */
  readonly throttledMs: number
  /** How long a failure is remembered, so that a vendor that is down is not asked by every verification. */
  readonly failureMs: number
  /** Octets of one body, after decompression. */
  readonly maxBody: number
  /** Letters of an issuer chain in a header. */
  readonly maxHeader: number
  /** How long TCB info, QE identity and revocation lists are used without asking again; never beyond their next update. */
  readonly datedMaxAgeMs: number
  /** The same for certificates; never beyond their own end. */
  readonly certificateMaxAgeMs: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const DEFAULT_LIMITS: CollateralLimits = {
  requestTimeoutMs: 15_000,
  totalTimeoutMs: 60_000,
  attempts: 4,
  parallel: 8,
  backOffMs: 500,
  throttledMs: 10_000,
  failureMs: 10_000,
  maxBody: 1 << 20,
  maxHeader: 16_384,
  datedMaxAgeMs: 12 * HOUR_MS,
  certificateMaxAgeMs: 5 * 365 * DAY_MS,
}
