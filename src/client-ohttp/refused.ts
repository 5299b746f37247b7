/** Why an exchange over OHTTP is refused. @module */
import { NotVerifiedError } from '../client/errors.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import { MalformedError } from '../errors.ts'

/** The check `channel`, failed. */
export function refused(code: FailureCode, detail: string): NotVerifiedError {
  return new NotVerifiedError(code, [{ name: 'channel', status: 'fail', required: true, detail, code }])
}

/** Octets that are not of their form as a failed check; every other error as it is. */
export function refusedBy(error: unknown): unknown {
  return error instanceof MalformedError ? refused(error.failure, error.message) : error
}
