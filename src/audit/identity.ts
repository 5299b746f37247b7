/** What a log's origin says of it. @module */
import { decodeLogOrigin, encodeVkey, type LogIdentity, noteKey } from '../core/log/index.ts'

/** @throws MalformedError LOG_ORIGIN */
export function identityOf(origin: string): LogIdentity {
  return { origin, vkey: encodeVkey(noteKey(origin, decodeLogOrigin(origin).publicKey)) }
}

/** The last segment of an origin: the id of its log. */
export function idOf(origin: string): string {
  return origin.split('/').at(-1) ?? ''
}

/** The first segment of an origin. */
export function hostOf(origin: string): string {
  return origin.split('/')[0] ?? ''
}
