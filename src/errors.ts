/** Errors that are thrown: the program or the world is broken. Judged evidence is returned as a verdict instead. @module */
import type { FailureCode } from './core/failure-codes.ts'

/**
 * What the caller should do, by code:
 * - `ERR_MALFORMED` bytes do not have the form that their format asks for: fix the input.
 * - `ERR_CONFIG` configuration, policy or lock file is wrong: fix the file; the message names the key.
 * - `ERR_USAGE` a function or command was called wrongly: fix the call.
 * - `ERR_COLLATERAL_UNAVAILABLE` a certificate or list could not be obtained: retry, or give it as a file.
 * - `ERR_UPSTREAM` the model server failed: retry later.
 * - `ERR_LOG_APPEND` the log could not be made durable: stop; the boot is over.
 * - `ERR_STATE` the stored history is not one to go on from (another writer, a copy, a rollback, damage): stop; the message says what to do.
 * - `ERR_QUOTE` the hardware gave no usable quote: retry; answers are not attested meanwhile.
 * - `ERR_NOT_VERIFIED` an answer or its evidence failed a check: do not use the answer.
 * - `ERR_NETWORK` the gateway could not be reached or answered out of form: retry.
 */
export type ErrorCode =
  | 'ERR_MALFORMED'
  | 'ERR_CONFIG'
  | 'ERR_USAGE'
  | 'ERR_COLLATERAL_UNAVAILABLE'
  | 'ERR_UPSTREAM'
  | 'ERR_LOG_APPEND'
  | 'ERR_STATE'
  | 'ERR_QUOTE'
  | 'ERR_NOT_VERIFIED'
  | 'ERR_NETWORK'

/**
 * The OpenAI SDK takes an error for the caller's own abort if its message holds this word, and ends the stream as if all were well. Some
 * messages quote what a gateway wrote, so it could make its unverified answer pass for a whole one.
 */
const READ_AS_ABORT = 'FetchRequestCanceledException'

/** Base of every error that this package throws. `code` is stable; `message` is for people and holds no prompt, key or secret. */
export class CountersignError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message.replaceAll(READ_AS_ABORT, '?'), options)
    this.name = 'CountersignError'
    this.code = code
  }
}

/** Bytes that do not decode. The one class that a verifier turns into a failed check. */
export class MalformedError extends CountersignError {
  /** The code that a verdict shows for these bytes. */
  readonly failure: FailureCode

  constructor(failure: FailureCode, message: string, options?: { cause?: unknown }) {
    super('ERR_MALFORMED', message, options)
    this.name = 'MalformedError'
    this.failure = failure
  }
}

/** Stored history that must not be continued or served as it stands. */
export class StateError extends CountersignError {
  /** The row of the table of checks that refuses it. */
  readonly failure: FailureCode

  constructor(failure: FailureCode, message: string, options?: { cause?: unknown }) {
    super('ERR_STATE', `${failure}: ${message}`, options)
    this.name = 'StateError'
    this.failure = failure
  }
}
