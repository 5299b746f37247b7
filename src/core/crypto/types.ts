/** What a crypto back end offers. One stands behind "#crypto" for Node, one for browsers. @module */

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512'

/** Incremental digest. `digest` may be called once. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** An independent copy of the state so far. */
  copy(): Hasher
  digest(): Uint8Array
}

/**
 * - `Ed25519` RFC 8032, key 32 raw octets (or SPKI)
 * - `ES256`, `ES384` signature r || s (P1363), key SPKI
 * - `PS384` RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48 octets, key SPKI
 */
export type SignatureAlgorithm = 'Ed25519' | 'ES256' | 'ES384' | 'PS384'

export interface CryptoBackend {
  digest(algorithm: DigestAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array
  /** SHA-256 of the octets of ASCII text: spares the array between. */
  digestAscii(text: string): Uint8Array
  createHasher(algorithm: DigestAlgorithm): Hasher
  /** Base64url of the UTF-8 octets of well-formed text. */
  base64UrlOf(text: string): string
  /** False for a signature that does not verify and for a key that cannot be used; never throws on attacker's bytes. */
  verify(algorithm: SignatureAlgorithm, spki: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean>
}

/** Authenticated encryption under one key. Each nonce is 12 octets and is used once to seal. */
export interface Aead {
  /** Content, encrypted, and 16 octets of tag. */
  seal(nonce: Uint8Array, context: Uint8Array, content: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** The content; undefined where it was not sealed so. */
  open(
    nonce: Uint8Array,
    context: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>
}
