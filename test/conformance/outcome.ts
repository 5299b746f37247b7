/** What a client made of an answer, in few words that are the same for every client. @module */
import { isDeepStrictEqual } from 'node:util'
import { notVerifiedOf } from '../../src/adapters/not-verified.ts'
import { FAILURE_CODES } from '../../src/core/failure-codes.ts'

/** What an application would go on to use. */
export interface Answer {
  readonly text: string
  /** `name(arguments)` of each call. */
  readonly tools: readonly string[]
  readonly finish: string
}

/**
 * - `ok`: complete, and what the model server said.
 * - `WRONG …`: taken for complete, and something else. Never expected.
 * - `429 rate_limit_exceeded after 7`: the status and code of an error answer, and the seconds after which to ask again.
 * - `broken upstream_error`: an error in the stream, or instead of its end.
 * - `unverified RECEIPT_MISSING`: the check that refused it.
 */
export type Outcome = string

export function outcomeOfAnswer(answer: Answer, wanted: Answer): Outcome {
  return isDeepStrictEqual(answer, wanted) ? 'ok' : `WRONG ${JSON.stringify(answer)}`
}

function field(value: unknown, ...names: readonly string[]): unknown {
  let inner = value
  for (const name of names) {
    if (typeof inner !== 'object' || inner === null) return undefined
    inner = Object.entries(inner).find(([key]) => key === name)?.[1]
  }
  return inner
}

const firstOf = (...values: readonly unknown[]): unknown =>
  values.find((value) => value !== undefined && value !== null)

export function outcomeOfError(error: unknown): Outcome {
  const refusal = notVerifiedOf(error)
  if (refusal !== undefined) return `unverified ${refusal.failure}`
  const status = firstOf(field(error, 'status'), field(error, 'statusCode'))
  const code = String(
    firstOf(
      field(error, 'data', 'error', 'code'),
      field(error, 'code'),
      field(error, 'data', 'error', 'type'),
      field(error, 'type'),
      nameOf(error),
    ),
  )
  // The proxy says by its code which check refused.
  if (Object.hasOwn(FAILURE_CODES, code)) return `unverified ${code}`
  return typeof status === 'number' ? `${status} ${code}${waitOf(error)}` : `broken ${code}`
}

function waitOf(error: unknown): string {
  const headers = field(error, 'headers')
  const seconds =
    headers instanceof Headers ? headers.get('retry-after') : field(error, 'responseHeaders', 'retry-after')
  return typeof seconds === 'string' ? ` after ${seconds}` : ''
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
