/** Crypto back end for browsers: @noble for what must be synchronous, WebCrypto for signatures, @noble where Ed25519 is not native. @module */
import { Point } from '@noble/ed25519'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { encodeBase64Url } from '../encoding/base64.ts'
import { concatBytes, encodeHex, sameBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { ED25519_SPKI_PREFIX, hasStrictPoints } from './ed25519-points.ts'
import type { CryptoBackend, Hasher, SignatureAlgorithm } from './types.ts'

export { createAead } from './web-aead.ts'

interface WebKey {
  readonly type: string
}
declare const crypto: {
  readonly subtle: {
    importKey(
      format: 'spki',
      key: Uint8Array,
      algorithm: object,
      extractable: false,
      usages: readonly ['verify'],
    ): Promise<WebKey>
    verify(algorithm: object, key: WebKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>
  }
}

const HASHES = { sha256, sha384, sha512 } as const
const IMPORT = {
  Ed25519: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384' },
} as const
const VERIFY = {
  Ed25519: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  PS384: { name: 'RSA-PSS', saltLength: 48 },
} as const

/** Of the group (RFC 8032, 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

async function importKey(algorithm: SignatureAlgorithm, spki: Uint8Array): Promise<WebKey | undefined> {
  try {
    return await crypto.subtle.importKey('spki', spki, IMPORT[algorithm], false, ['verify'])
  } catch {
    return undefined
  }
}

/**
 * RFC 8032, 5.1.7, without cofactor as all native ones do it: R = [S]B - [k]A, compared by octets. The library's own verification
 * multiplies by the cofactor, and takes signatures that nobody else does.
 */
function verifyEd25519(spki: Uint8Array, signature: Uint8Array, data: Uint8Array): boolean {
  const key = spki.subarray(ED25519_SPKI_PREFIX.length)
  const [r, s] = [signature.subarray(0, 32), readLittleEndian(signature.subarray(32))]
  if (s >= ORDER) return false
  try {
    const k = readLittleEndian(sha512(concatBytes(r, key, data))) % ORDER
    const expected = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(key).multiplyUnsafe(k))
    return sameBytes(expected.toBytes(), r)
  } catch {
    return false
  }
}

function readLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(bytes.slice().reverse())}`)
}

interface NobleHash {
  update(bytes: Uint8Array): unknown
  clone(): NobleHash
  digest(): Uint8Array
}

function nobleHasher(hash: NobleHash): Hasher {
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    copy: () => nobleHasher(hash.clone()),
    digest: () => hash.digest(),
  }
}

export const backend: CryptoBackend = {
  digest(algorithm, ...parts) {
    return HASHES[algorithm](parts.length === 1 && parts[0] ? parts[0] : concatBytes(...parts))
  },
  digestAscii: (text) => sha256(encodeUtf8(text)),
  createHasher: (algorithm) => nobleHasher(HASHES[algorithm].create()),
  base64UrlOf: (text) => encodeBase64Url(encodeUtf8(text)),
  async verify(algorithm, spki, signature, data) {
    if (algorithm === 'Ed25519' && !hasStrictPoints(spki, signature)) return false
    const key = await importKey(algorithm, spki)
    if (key === undefined) return algorithm === 'Ed25519' && verifyEd25519(spki, signature, data)
    try {
      return await crypto.subtle.verify(VERIFY[algorithm], key, signature, data)
    } catch {
      return false
    }
  },
}
