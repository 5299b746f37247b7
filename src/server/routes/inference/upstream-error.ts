/** What a client is told when the model server fails. @module */
import { CountersignError } from '../../../errors.ts'
import { type NormalisedError, normaliseUpstreamError } from '../../upstream/openai-error.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { UpstreamFailure } from '../../upstream/upstream-failure.ts'
import { type ApiError, upstreamFailed, upstreamTimedOut } from '../api-error.ts'

/** No waiting fills an account: SDKs would try again all the same, because it comes as 429. */
const OUT_OF_QUOTA = 'insufficient_quota'

/** @param retryAfter what the model server asks for */
function fromNormalised({ status, body: { error } }: NormalisedError, retryAfter = 1): ApiError {
  if (error.code === OUT_OF_QUOTA) return { status, ...error, permanent: true }
  return { status, ...error, ...(status === 429 || status === 503 ? { retryAfter } : {}) }
}

/** For an answer of the upstream with an error status. */
export function errorOfAnswer({ status, retryAfter }: UpstreamResponse, body: Uint8Array): ApiError {
  return fromNormalised(normaliseUpstreamError(status, body), retryAfter)
}

/** For an error event in a stream that had begun well; `data` is the upstream's. */
export function errorOfEvent(data: object): ApiError {
  return fromNormalised(normaliseUpstreamError(502, Buffer.from(JSON.stringify(data))))
}

/** For an upstream that gave no answer, or not all of it. */
export function errorOfFailure(error: unknown): ApiError {
  // Messages of UpstreamFailure hold the upstream's configured name and a code, never octets of the exchange.
  if (error instanceof UpstreamFailure)
    return error.reason === 'timeout' ? upstreamTimedOut(error.message) : upstreamFailed(error.message)
  if (error instanceof CountersignError && error.code === 'ERR_UPSTREAM')
    return upstreamFailed('The model server failed.')
  throw error
}
