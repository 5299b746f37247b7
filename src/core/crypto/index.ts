/** Digests (synchronous) and signature verification (asynchronous) for the core. The back end is chosen by "#crypto". @module */
import { backend } from '#crypto'
import { concatBytes, encodeHex } from '../encoding/bytes.ts'
import { requireWellFormed } from '../encoding/utf8.ts'
import { ED25519_SPKI_PREFIX } from './ed25519-points.ts'
import type { DigestAlgorithm, Hasher, SignatureAlgorithm } from './types.ts'

export type { DigestAlgorithm, Hasher, SignatureAlgorithm } from './types.ts'

/** SHA-256 of the parts as one string of octets. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return backend.digest('sha256', ...parts)
}

/** SHA-256 of text that is ASCII, as tokens are. */
export function sha256Ascii(text: string): Uint8Array {
  return backend.digestAscii(text)
}

/** SHA-384 of the parts as one string of octets. */
export function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  return backend.digest('sha384', ...parts)
}

/** SHA-512 of the parts as one string of octets. */
export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return backend.digest('sha512', ...parts)
}

/** An incremental digest. */
export function createHasher(algorithm: DigestAlgorithm): Hasher {
  return backend.createHasher(algorithm)
}

/**
 * Base64url of the UTF-8 octets of well-formed text. It stands here because it differs by runtime: Node has one that takes a fourth of the time.
 * @throws MalformedError UTF8_INVALID when a surrogate stands alone
 */
export function encodeBase64UrlText(text: string): string {
  requireWellFormed(text)
  return backend.base64UrlOf(text)
}

/** `sha256:<lower-case hex>`, the one spelling of a digest as a string. */
export function digestUri(bytes: Uint8Array): string {
  return `sha256:${encodeHex(sha256(bytes))}`
}

/** Whether `signature` over `data` verifies under the key `spki` (DER SubjectPublicKeyInfo). Never throws on attacker's bytes. */
export function verifySignature(
  algorithm: SignatureAlgorithm,
  spki: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return backend.verify(algorithm, spki, signature, data)
}

/** SubjectPublicKeyInfo (RFC 8410) of 32 raw public octets. */
export function ed25519Spki(publicKey: Uint8Array): Uint8Array {
  return concatBytes(ED25519_SPKI_PREFIX, publicKey)
}
