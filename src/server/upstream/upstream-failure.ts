/** How a model server failed, so that the gateway can choose a status and a receipt's outcome. @module */
import { CountersignError } from '../../errors.ts'

/**
 * What happened, and what a gateway makes of it:
 * - `unreachable` no connection, so nothing was sent: 502, or 503 when it lasts
 * - `timeout` no connection, first octet, next octet or end in time: 504
 * - `protocol` broken HTTP, a cut body, a content-coding or a redirect: 502
 * - `too-large` answer, block or line beyond the limit: 502
 * - `aborted` the request's signal: 499, nobody is there to answer
 */
export type UpstreamFailureReason = 'unreachable' | 'timeout' | 'protocol' | 'too-large' | 'aborted'

/**
 * There is no whole answer. `code` is ERR_UPSTREAM. The message holds the upstream's configured name and an error code, never octets of the
 * exchange; there is no `cause`, because the errors of an HTTP parser carry what they could not parse, which may be an answer.
 */
export class UpstreamFailure extends CountersignError {
  readonly reason: UpstreamFailureReason

  constructor(reason: UpstreamFailureReason, message: string) {
    super('ERR_UPSTREAM', message)
    this.name = 'UpstreamFailure'
    this.reason = reason
  }
}

/** A short code of a thrown thing, as `ECONNREFUSED`; never its message. */
export function errorCode(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string')
    return /^[A-Z0-9_]{1,64}$/.test(thrown.code) ? thrown.code : 'unknown error'
  return thrown instanceof Error && /^[A-Za-z]{1,64}$/.test(thrown.name) ? thrown.name : 'unknown error'
}
