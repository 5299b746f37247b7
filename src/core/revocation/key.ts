/** Keys that may sign a list of revocations, as a policy spells them: raw octets, base64url. Their form decides the algorithm. @module */
import { ed25519Spki, sha256 } from '../crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import { concatBytes, decodeHex } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { encodeEd25519Jwk, jwkThumbprint } from '../evidence/jwk.ts'

export interface RevocationKey {
  readonly algorithm: 'Ed25519' | 'ES256'
  readonly spki: Uint8Array
  /** RFC 7638 thumbprint. */
  readonly kid: string
}

const POINT_SIZE = 65
/** RFC 5480: id-ecPublicKey on P-256, and the head of the bit string. */
const P256_SPKI_PREFIX = decodeHex('3059301306072a8648ce3d020106082a8648ce3d030107034200')

/** @param text 32 octets of Ed25519, or the 65 of an uncompressed point of P-256 @throws MalformedError BASE64_STRICT */
export function decodeRevocationKey(text: string): RevocationKey {
  const octets = decodeBase64Url(text)
  if (octets.length !== POINT_SIZE)
    return { algorithm: 'Ed25519', spki: ed25519Spki(octets), kid: jwkThumbprint(encodeEd25519Jwk(octets)) }
  const [x, y] = [octets.subarray(1, 33), octets.subarray(33)].map(encodeBase64Url)
  const kid = encodeBase64Url(sha256(encodeUtf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)))
  return { algorithm: 'ES256', spki: concatBytes(P256_SPKI_PREFIX, octets), kid }
}
