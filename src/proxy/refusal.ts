/** What a client of the OpenAI API is told instead of an answer: the failed check, its code, and whether to try again. @module */
import { NotVerifiedError } from '../client/errors.ts'
import { PendingError } from '../client/http.ts'
import { FAILURE_CODES, type FailureCode } from '../core/failure-codes.ts'
import { CountersignError, MalformedError } from '../errors.ts'

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly code: string
  /** For people. Never octets of a prompt or an answer. */
  readonly message: string
  /** The check that failed; absent where nothing was judged. */
  readonly check?: string
  /** SDKs retry 408, 409, 429 and 5xx by themselves: this stops them. */
  readonly permanent: boolean
  /** Made by the proxy before anything was sent. */
  readonly local?: boolean
}

/** A request that goes no further than here. */
export function localRefusal(status: number, code: string, message: string): Refusal {
  return { status, type: 'invalid_request_error', code, message, permanent: true, local: true }
}

export class GatewayTimeout extends CountersignError {
  constructor(afterMs: number) {
    super('ERR_NETWORK', `the gateway sent nothing for ${Math.round(afterMs / 1000)} s`)
    this.name = 'GatewayTimeout'
  }
}

function notVerified(code: FailureCode, message: string, check: string): Refusal {
  const [, remedy] = FAILURE_CODES[code]
  const permanent = code !== 'RESPONSE_INCOMPLETE'
  return { status: 502, type: 'upstream_error', code, message: `${message}. ${remedy}`, check, permanent }
}

function unreachable(status: number, code: string, message: string): Refusal {
  return { status, type: 'upstream_error', code, message, permanent: false }
}

/** Errors of fetch, of its body and of sockets; anything else would be a mistake of ours. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (error instanceof TypeError && error.cause !== undefined) || 'code' in error || error.name === 'AbortError'
}

/** What a gateway answers before it admits a request: by HTTP's own rules, by its keys, by its load. */
const TURNED_AWAY: Readonly<Record<number, string>> = {
  401: 'the API key is missing or wrong',
  403: 'this caller may not ask',
  404: 'it has no such route',
  405: 'it has no such method',
  408: 'the request came too slowly',
  413: 'the request is too large',
  415: 'the request has a form or coding that it does not take',
  429: 'too many requests',
  431: 'the headers are too large',
  503: 'it is overloaded, or not ready',
}

/**
 * A gateway gives receipts to what it admits: a wrong key or overload is turned away before, without one. Whoever stands in between can say
 * so too, but only refuse by it: the status alone is passed on, none of the octets, and no SDK takes it for an answer.
 */
function turnedAway(status: number): Refusal {
  const message = `The gateway turned the request away with ${status}: ${TURNED_AWAY[status] ?? ''}. It gave no receipt for this refusal, so its own words are left out.`
  const type = status < 500 ? 'invalid_request_error' : 'upstream_error'
  return { status, type, code: 'RECEIPT_MISSING', message, check: 'receipt', permanent: false }
}

/**
 * @param error of the attested fetch
 * @param seen status that came with it, whoever wrote it; 0 where there was none
 */
export function refusalOf(error: unknown, seen: number): Refusal {
  if (error instanceof NotVerifiedError) {
    if (error.failure === 'RECEIPT_MISSING' && TURNED_AWAY[seen] !== undefined) return turnedAway(seen)
    return notVerified(error.failure, error.message, error.failed?.name ?? 'receipt')
  }
  if (error instanceof MalformedError) return notVerified(error.failure, `not verified: ${error.message}`, 'decode')
  if (error instanceof GatewayTimeout) return unreachable(504, 'gateway_timeout', `${error.message}.`)
  if (error instanceof PendingError) return unreachable(503, 'gateway_not_ready', `${error.message}.`)
  if (error instanceof CountersignError)
    return unreachable(502, error.code === 'ERR_NETWORK' ? 'gateway_unreachable' : error.code, `${error.message}.`)
  if (isNetworkError(error))
    return unreachable(502, 'gateway_unreachable', 'The gateway could not be reached, or broke off.')
  return { ...unreachable(500, 'internal_error', 'The proxy failed; its log says more.'), permanent: true }
}

/** The body, in the one shape of errors. */
export function refusalBody({ message, type, code, check }: Refusal): string {
  const error = { message, type, param: null, code, ...(check === undefined ? {} : { check }) }
  return JSON.stringify({ error })
}

/** The last event of a stream that failed: SDKs throw on it. */
export function refusalEvent(refusal: Refusal): string {
  return `data: ${refusalBody(refusal)}\n\n`
}
