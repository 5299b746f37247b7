/** Errors as clients of the OpenAI API expect them, by the table of the gateway's design: status, type, code, and whether to retry. @module */
import { encodeUtf8 } from '../../core/encoding/utf8.ts'

export interface ApiError {
  readonly status: number
  readonly type: string
  readonly code: string | null
  /** For people. Never octets of a prompt or an answer. */
  readonly message: string
  readonly param: string | null
  /** Seconds after which to try again. */
  readonly retryAfter?: number
  /** SDKs retry 408, 409, 429 and 5xx by themselves: this stops them. */
  readonly permanent?: boolean
}

interface Details {
  readonly param?: string
  readonly code?: string
}

export function invalidRequest(message: string, { param, code }: Details = {}): ApiError {
  return { status: 400, type: 'invalid_request_error', code: code ?? null, message, param: param ?? null }
}

/** The connection does not end here, or not in TLS 1.3: nothing of it can be quoted. Whoever asked for that gets nothing less. */
export function channelBindingUnavailable(): ApiError {
  const message =
    'This challenge cannot be bound to this connection. `binding` may be `tls-exporter`, over TLS 1.3 that ends here.'
  const code = 'channel_binding_unavailable'
  return { status: 400, type: 'invalid_request_error', code, message, param: 'binding', permanent: true }
}

export function invalidApiKey(): ApiError {
  const message = 'The API key is missing or wrong. Send it as: Authorization: Bearer <key>.'
  return { status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message, param: null }
}

export function modelNotAllowed(): ApiError {
  const message = 'This API key may not use this model.'
  return { status: 403, type: 'permission_error', code: 'model_not_allowed', message, param: 'model' }
}

export function modelNotFound(): ApiError {
  const message = 'There is no such model. GET /v1/models lists those that are served.'
  return { status: 404, type: 'invalid_request_error', code: 'model_not_found', message, param: 'model' }
}

/** @param path one of ours */
export function modelNotServedHere(path: string): ApiError {
  const message = `This model does not answer ${path}. POST /v1/chat/completions is where it does.`
  return { status: 404, type: 'invalid_request_error', code: 'model_not_found', message, param: 'model' }
}

export function notFound(): ApiError {
  return {
    status: 404,
    type: 'invalid_request_error',
    code: 'not_found',
    message: 'There is nothing here.',
    param: null,
  }
}

/** @param how erased on request, or lapsed with the time that receipts are kept */
export function receiptGone(how: 'erased' | 'lapsed'): ApiError {
  const why = how === 'erased' ? 'was erased' : 'is no longer kept'
  const message = `The content of this receipt ${why}. Its leaf stays in the log.`
  return { status: 410, type: 'invalid_request_error', code: `receipt_${how}`, message, param: null }
}

export function neverQuoted(): ApiError {
  const message = 'No quote covers this receipt: its boot ended before. The next log holds it as recovered.'
  return { status: 410, type: 'invalid_request_error', code: 'receipt_not_quoted', message, param: null }
}

export function gradeUnavailable(): ApiError {
  const message = 'This gateway has no witnesses: the grade `witnessed` cannot be met.'
  const code = 'attestation_unavailable'
  return { status: 412, type: 'invalid_request_error', code, message, param: null, permanent: true }
}

export function requestTooLarge(limit: number): ApiError {
  const message = `The request's content is larger than ${limit} octets.`
  return { status: 413, type: 'invalid_request_error', code: 'request_too_large', message, param: null }
}

export function unsupportedCoding(): ApiError {
  const message = 'Send the content without content-coding.'
  return { status: 415, type: 'invalid_request_error', code: 'unsupported_content_encoding', message, param: null }
}

export function tooManyChallenges(): ApiError {
  const message = 'Too many challenges wait for a quote. Try again.'
  return { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', message, param: null, retryAfter: 1 }
}

export function tooManySearches(): ApiError {
  const message = 'Too many receipts are being looked for. Try again.'
  return { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', message, param: null, retryAfter: 1 }
}

export function upstreamFailed(message: string): ApiError {
  return { status: 502, type: 'upstream_error', code: 'upstream_error', message, param: null }
}

export function upstreamTimedOut(message: string): ApiError {
  return { status: 504, type: 'timeout_error', code: 'upstream_timeout', message, param: null }
}

/** Nobody can say any more what the model server reads. It is measured again by a new boot alone: waiting changes nothing. */
export function weightsChanged(): ApiError {
  const message = 'The weights changed on disk since they were measured: this model is not served any more.'
  return { status: 503, type: 'service_unavailable', code: 'weights_changed', message, param: 'model', permanent: true }
}

/** @param message the gateway's own, without octets of a request or of what was found for it */
export function contextUnavailable(message: string): ApiError {
  const code = 'context_unavailable'
  return { status: 503, type: 'service_unavailable', code, message, param: 'tools', retryAfter: 5 }
}

/** @param reason says what is missing; from the gateway, never from a client */
export function evidenceUnavailable(reason: string): ApiError {
  const message = `No attested evidence is in force: ${reason}.`
  const code = 'evidence_unavailable'
  return { status: 503, type: 'service_unavailable', code, message, param: null, retryAfter: 1 }
}

export function logUnavailable(): ApiError {
  const message = 'The receipt log cannot be written: no answer leaves without its receipt.'
  return { status: 503, type: 'service_unavailable', code: 'log_unavailable', message, param: null, retryAfter: 5 }
}

export function sessionChanging(): ApiError {
  const message = 'The gateway is changing its session. Try again.'
  return { status: 503, type: 'service_unavailable', code: 'session_changing', message, param: null, retryAfter: 1 }
}

export function shuttingDown(): ApiError {
  const message = 'The gateway is shutting down.'
  return { status: 503, type: 'service_unavailable', code: 'shutting_down', message, param: null, retryAfter: 1 }
}

/** Found when it was read: what is stored is not what was written. */
export function historyDamaged(): ApiError {
  const message = 'What is stored of this is damaged, and is not served.'
  return { status: 500, type: 'server_error', code: 'history_damaged', message, param: null, permanent: true }
}

export function internalError(): ApiError {
  const message = 'The gateway failed on this request.'
  return { status: 500, type: 'server_error', code: 'internal_error', message, param: null }
}

/** The one body of an error. */
export function encodeApiError({ message, type, param, code }: ApiError): Uint8Array {
  return encodeUtf8(JSON.stringify({ error: { message, type, param, code } }))
}

/** Headers that tell an SDK whether and when to try again. */
export function retryHeaders({ retryAfter, permanent }: ApiError): Readonly<Record<string, string>> {
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}`, 'retry-after-ms': `${retryAfter * 1000}` }),
    ...(permanent === true ? { 'x-should-retry': 'false' } : {}),
  }
}
