/** Ties a challenge to one TLS connection by a value that its two ends alone can compute. RFC 9266; formats.md, Channel. @module */
import { concatBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'

/** RFC 9266 section 2. The context is of zero length. */
export const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
export const EXPORTER_SIZE = 32
const EXPORTER_DOMAIN = 'urn:countersign:exporter:1'

/**
 * What the leaf of a challenge commits to where it is bound to a connection: domain || 0x00 || nonce || exporter. It is longer than any
 * nonce: whoever relays between two connections cannot have the same leaf made from an ordinary challenge.
 */
export function exporterChallenge(nonce: Uint8Array, exporter: Uint8Array): Uint8Array {
  return concatBytes(encodeUtf8(EXPORTER_DOMAIN), Uint8Array.of(0), nonce, exporter)
}
