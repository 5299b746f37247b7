/** Finds what did not verify in whatever was thrown: libraries wrap the errors of the fetch that they are given. @module */
import type { FailureCode } from '../core/failure-codes.ts'
import type { Check } from '../core/verdict.ts'

/** The decisive code and the checks of a NotVerifiedError. */
export interface RefusedAnswer {
  readonly code: FailureCode
  readonly checks: readonly Check[]
}

/** As the client throws it. By form and name: the badge may have come in a bundle of its own, where classes are other ones. */
interface RefusingError {
  readonly name: 'NotVerifiedError'
  readonly failure: FailureCode
  readonly checks: readonly Check[]
}

const MAX_DEPTH = 8

function isRefusing(error: object): error is RefusingError {
  return (
    'name' in error &&
    error.name === 'NotVerifiedError' &&
    'failure' in error &&
    typeof error.failure === 'string' &&
    'checks' in error &&
    Array.isArray(error.checks)
  )
}

/** Undefined where nothing was judged. */
export function refusedAnswer(error: unknown): RefusedAnswer | undefined {
  let cause: unknown = error
  for (let depth = 0; depth < MAX_DEPTH && typeof cause === 'object' && cause !== null; depth++) {
    if (isRefusing(cause)) return { code: cause.failure, checks: cause.checks }
    cause = 'cause' in cause ? cause.cause : undefined
  }
  return undefined
}
