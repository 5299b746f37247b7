/** What is refused here: in clear while nothing is decrypted, encrypted from then on. No text holds anything of a request. @module */

import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { FailureCode } from '../../core/failure-codes.ts'
import type { ResponseParts } from '../../core/ohttp/binary-http.ts'
import { type ApiError, encodeApiError, retryHeaders } from '../routes/api-error.ts'
import type { Admission } from './replay-guard.ts'

export const PROBLEM_TYPE = 'application/problem+json'
/** RFC 9458 sections 5.3 and 6.5.2. */
const KEY_PROBLEM = 'https://iana.org/assignments/http-problem-types#ohttp-key'
const DATE_PROBLEM = 'https://iana.org/assignments/http-problem-types#date'

/** RFC 9457. */
export interface Problem {
  readonly status: number
  /** `about:blank` where the status says it all. */
  readonly type: string
  readonly title: string
  readonly code?: FailureCode
}

export function encodeProblem(problem: Problem): Uint8Array {
  return encodeUtf8(JSON.stringify(problem))
}

const plain = (status: number, title: string): Problem => ({ status, type: 'about:blank', title })

export const NESTED: Problem = plain(400, 'An encrypted request does not hold another one.')
export const UNSUPPORTED_TYPE: Problem = plain(
  415,
  'Send message/ohttp-chunked-req or message/ohttp-req, without content-coding.',
)
export const NO_ROOM: Problem = plain(503, 'More encrypted requests come than can be held. Try again.')
export const TOO_LARGE: Problem = plain(413, 'The encrypted request is too large.')

/** Of a request that did not open. Whether its key is not held or it was altered cannot be told apart: either way, look at the keys again. */
export function unopened(code: FailureCode): Problem {
  switch (code) {
    case 'E2EE_KEY':
    case 'E2EE_SUITE':
    case 'E2EE_DECRYPT':
      return { status: 400, type: KEY_PROBLEM, title: 'The request does not decrypt with a key that is held.', code }
    case 'E2EE_TRUNCATED':
      return { ...plain(400, 'The encrypted request ends before its end.'), code }
    default:
      return { ...plain(422, 'The encrypted request is not of its form.'), code }
  }
}

/** Answers that are encrypted. */
export type InnerAnswer = ResponseParts

export function unwritable(): InnerAnswer {
  return errorAnswer({
    status: 400,
    type: 'invalid_request_error',
    code: 'bad_request',
    message: 'The encrypted request is not one that HTTP/1.1 can say.',
    param: null,
  })
}

/** Of an answer that shall leave as a whole. */
export function tooLargeAnswer(limit: number): InnerAnswer {
  const message = `The answer is larger than ${limit} octets. Ask with message/ohttp-chunked-req.`
  return errorAnswer({
    status: 502,
    type: 'server_error',
    code: 'answer_too_large',
    message,
    param: null,
    permanent: true,
  })
}

/** @param now by the gateway's clock: what the client should date its next request with */
export function notAdmitted(why: Exclude<Admission, 'admitted'>, now: Date): InnerAnswer {
  switch (why) {
    case 'stale':
      return staleDate(now)
    case 'replayed':
      return errorAnswer({
        status: 409,
        type: 'invalid_request_error',
        code: 'E2EE_REPLAY' satisfies FailureCode,
        message: 'The same ciphertext came before. Encrypt each request anew.',
        param: null,
        permanent: true,
      })
    case 'full':
      return errorAnswer({
        status: 503,
        type: 'service_unavailable',
        code: 'too_many_requests_remembered',
        message: 'More encrypted requests came than can be remembered. Try again.',
        param: null,
        retryAfter: 5,
      })
    default:
      return why satisfies never
  }
}

function staleDate(now: Date): InnerAnswer {
  const title = 'Date the encrypted request with the time of the gateway.'
  return {
    status: 400,
    headers: [
      ['content-type', PROBLEM_TYPE],
      ['date', now.toUTCString()],
    ],
    content: encodeProblem({ status: 400, type: DATE_PROBLEM, title, code: 'E2EE_STALE' }),
  }
}

function errorAnswer(error: ApiError): InnerAnswer {
  const headers = { 'content-type': 'application/json', ...retryHeaders(error) }
  return { status: error.status, headers: Object.entries(headers), content: encodeApiError(error) }
}
