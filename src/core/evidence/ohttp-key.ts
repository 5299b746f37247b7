/**
 * The public key of an Oblivious HTTP key configuration, so that it can be told from the other keys of a session. RFC 9458 section 3.1.
 *
 * ```
 * offset size
 *      0    1  key identifier
 *      1    2  HPKE KEM: 0x0010 P-256, 0x0020 X25519
 *      3    n  public key: 65 octets (P-256), 32 (X25519)
 *    3+n    2  octets of the list that follows, a multiple of 4, not 0
 *    5+n       pairs of HPKE KDF and AEAD, two octets each
 * ```
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { concatBytes, decodeHex } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

/** Lengths, and what stands before the key in a SubjectPublicKeyInfo (RFC 5480, RFC 8410). */
const KEMS: ReadonlyMap<number, { readonly size: number; readonly spkiPrefix: string }> = new Map([
  [0x0010, { size: 65, spkiPrefix: '3059301306072a8648ce3d020106082a8648ce3d030107034200' }],
  [0x0020, { size: 32, spkiPrefix: '302a300506032b656e032100' }],
])
const PAIR_SIZE = 4

export interface OhttpKey {
  /** As in the configuration. */
  readonly publicKey: Uint8Array
  /** The same key as a certificate would name it. */
  readonly spki: Uint8Array
}

/** @throws MalformedError SESSION_INVALID for another KEM; BASE64_STRICT, EVIDENCE_TRUNCATED, PARSE_TRAILING */
export function decodeOhttpKey(config: string): OhttpKey {
  const r = new Reader(decodeBase64Url(config))
  r.skip('key identifier', 1)
  const kem = KEMS.get(r.u16be('KEM'))
  if (kem === undefined) throw new MalformedError('SESSION_INVALID', 'the OHTTP key is for a KEM that is not known')
  const publicKey = r.bytes('public key', kem.size)
  const listed = r.u16be('length of the algorithms')
  if (listed === 0 || listed % PAIR_SIZE !== 0)
    throw new MalformedError('SESSION_INVALID', 'the OHTTP key configuration lists no whole algorithms')
  r.skip('algorithms', listed)
  r.end()
  return { publicKey, spki: concatBytes(decodeHex(kem.spkiPrefix), publicKey) }
}
