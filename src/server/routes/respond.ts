/** Answers of the routes that are not streamed and carry no receipt. @module */
import { type ApiError, encodeApiError, retryHeaders } from './api-error.ts'

export type Headers = Readonly<Record<string, string>>

/** Exact octets. */
export function respondOctets(mediaType: string, octets: Uint8Array, headers: Headers = {}): Response {
  return new Response(new Uint8Array(octets), { headers: { 'content-type': mediaType, ...headers } })
}

export function respondText(mediaType: string, text: string, headers: Headers = {}): Response {
  return new Response(text, { headers: { 'content-type': mediaType, ...headers } })
}

/** Done, and there is nothing to show. */
export function respondNothing(): Response {
  return new Response(null, { status: 204 })
}

export function respondJson(value: object, status: number = 200, headers: Headers = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } })
}

export function respondError(error: ApiError): Response {
  return new Response(new Uint8Array(encodeApiError(error)), {
    status: error.status,
    headers: { 'content-type': 'application/json', ...retryHeaders(error) },
  })
}

/** Not there yet: the client asks again. */
export function respondPending(seconds: number): Response {
  return respondJson({ status: 'pending' }, 202, { 'retry-after': `${seconds}` })
}
