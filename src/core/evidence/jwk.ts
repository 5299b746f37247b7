/** The one kind of JWK that a session holds: a public Ed25519 key, RFC 8037; and its RFC 7638 thumbprint. @module */

import { sha256 } from '../crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'

export interface Ed25519Jwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** 32 raw octets, base64url. */
  readonly x: string
}

/** @param publicKey 32 raw octets */
export function encodeEd25519Jwk(publicKey: Uint8Array): Ed25519Jwk {
  return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(publicKey) }
}

/** @throws MalformedError with the codes of the document that holds the key; BASE64_STRICT */
export function decodeEd25519Jwk(value: JsonValue, path: string, codes: ShapeCodes): Ed25519Jwk {
  const reader = new ObjectReader(value, path, codes)
  const kty = reader.oneOf('kty', ['OKP'])
  const crv = reader.oneOf('crv', ['Ed25519'])
  const x = reader.string('x', /^[A-Za-z0-9_-]{43}$/)
  if (decodeBase64Url(x).length !== 32) throw reader.invalid('x', 'must be 32 octets')
  reader.end()
  return { kty, crv, x }
}

/** RFC 7638 section 3: SHA-256 over the required members in lexicographic order, base64url. */
export function jwkThumbprint({ kty, crv, x }: Ed25519Jwk): string {
  return encodeBase64Url(sha256(encodeUtf8(`{"crv":"${crv}","kty":"${kty}","x":"${x}"}`)))
}
