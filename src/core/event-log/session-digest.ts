/** The one event with which a gateway puts a session into RTMR3. @module */
import { sha384 } from '../crypto/index.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'

/** The profile tag of sessions and a zero octet: nothing else that is measured begins so. */
const DOMAIN: Uint8Array = encodeUtf8('urn:countersign:session:1\0')

/** What RTMR3 is extended with before the first quote of a session. */
export function sessionDigest(session: Uint8Array): Uint8Array {
  return sha384(DOMAIN, session)
}
