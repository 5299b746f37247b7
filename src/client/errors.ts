/** What an attested fetch throws when it fails closed. @module */

import type { FailureCode } from '../core/failure-codes.ts'
import { type Check, failedCheck, type Verdict } from '../core/verdict.ts'
import { CountersignError } from '../errors.ts'

const MAX_DETAIL = 500
/** Control characters, and the words by which the OpenAI SDK takes an error for a timeout, and loses its cause. */
const UNPRINTED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|timed? ?out/giu

/** An answer or its gateway did not verify. Do not use the answer; `failed` says which check decided. */
export class NotVerifiedError extends CountersignError {
  readonly failure: FailureCode
  readonly failed: Check | undefined
  readonly checks: readonly Check[]
  /**
   * Keep it. With RECEIPT_EQUIVOCATION both receipts and their session, for `decodeEquivocation` and `verifyEquivocation`; of the check
   * `history` both checkpoints, for `decodeForkProof` and `verifyForkProof` of `countersign/log`.
   */
  readonly evidence: Uint8Array | undefined

  constructor(failure: FailureCode, checks: readonly Check[], evidence?: Uint8Array) {
    const failed = failedCheck(checks)
    // Some details hold what a hostile gateway wrote, and messages end up in logs.
    const detail = failed?.detail.replace(UNPRINTED, '?').slice(0, MAX_DETAIL)
    super(
      'ERR_NOT_VERIFIED',
      `not verified: check ${failed?.name ?? 'receipt'} failed with ${failure}${detail ? ` (${detail})` : ''}`,
    )
    this.name = 'NotVerifiedError'
    this.failure = failure
    this.failed = failed
    this.checks = checks
    this.evidence = evidence
  }
}

/** The verified value, or NotVerifiedError. */
export function demand<T>(verdict: Verdict<T>): Extract<Verdict<T>, { ok: true }> {
  if (!verdict.ok) throw new NotVerifiedError(verdict.code, verdict.checks)
  return verdict
}
