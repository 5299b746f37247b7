/** Which key a log's origin certifies. @module */
import { decodeLogOrigin, encodeVkey, type LogIdentity, noteKey } from '../core/log/index.ts'

/** @throws MalformedError LOG_ORIGIN */
export function identityOf(origin: string): LogIdentity {
  return { origin, vkey: encodeVkey(noteKey(origin, decodeLogOrigin(origin).publicKey)) }
}
