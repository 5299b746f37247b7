/** Crypto back end for Node: createHash and cached KeyObjects, which cost a tenth of WebCrypto for small inputs. @module */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  type Hash,
  hash as hashOnce,
  type KeyObject,
  verify as nodeVerify,
} from 'node:crypto'
import { hasStrictPoints } from './ed25519-points.ts'
import type { Aead, CryptoBackend, Hasher, SignatureAlgorithm } from './types.ts'

const KEY_TYPES = { Ed25519: 'ed25519', ES256: 'ec', ES384: 'ec', PS384: 'rsa' } as const
const CURVES = { Ed25519: undefined, ES256: 'prime256v1', ES384: 'secp384r1', PS384: undefined } as const
const DIGESTS = { Ed25519: null, ES256: 'sha256', ES384: 'sha384', PS384: 'sha384' } as const
const MAX_CACHED_KEYS = 256

const keys = new Map<string, KeyObject | undefined>()

function importKey(algorithm: SignatureAlgorithm, spki: Uint8Array): KeyObject | undefined {
  const id = algorithm + Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('latin1')
  if (keys.has(id)) return keys.get(id)
  const key = readKey(algorithm, spki)
  if (keys.size >= MAX_CACHED_KEYS) keys.clear()
  keys.set(id, key)
  return key
}

function readKey(algorithm: SignatureAlgorithm, spki: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const curve = CURVES[algorithm]
    if (key.asymmetricKeyType !== KEY_TYPES[algorithm]) return undefined
    if (curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== curve) return undefined
    return key
  } catch {
    return undefined
  }
}

/**
 * A digest by way of a string with one letter for each octet: V8 keeps an array of up to 64 octets within its heap, while a Buffer of any
 * size has memory of its own, which costs more than the digest.
 */
function octetsOf(letters: string): Uint8Array {
  const octets = new Uint8Array(letters.length)
  for (let i = 0; i < octets.length; i++) octets[i] = letters.charCodeAt(i)
  return octets
}

/** Octets that are gathered before they are given to OpenSSL: a call costs more than the digest of an event of a stream. */
const GATHERED = 4096

function nodeHasher(hash: Hash): Hasher {
  let gathered: Uint8Array | undefined
  let size = 0
  const settle = (): void => {
    if (gathered !== undefined && size > 0) hash.update(gathered.subarray(0, size))
    size = 0
  }
  return {
    update: (bytes) => {
      if (bytes.length > GATHERED / 4 || size + bytes.length > GATHERED) settle()
      if (bytes.length > GATHERED / 4) {
        hash.update(bytes)
        return
      }
      gathered ??= new Uint8Array(GATHERED)
      gathered.set(bytes, size)
      size += bytes.length
    },
    copy: () => {
      settle()
      return nodeHasher(hash.copy())
    },
    digest: () => {
      settle()
      return octetsOf(hash.digest('binary'))
    },
  }
}

const TAG_SIZE = 16

/** AES-GCM with a key of 16 or 32 octets. Synchronous: WebCrypto costs ten times as much for what one event of a stream holds. */
export function createAead(key: Uint8Array): Aead {
  const algorithm = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
  const options = { authTagLength: TAG_SIZE }
  return {
    seal(nonce, context, content) {
      const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(context)
      const sealed = new Uint8Array(content.length + TAG_SIZE)
      sealed.set(cipher.update(content))
      cipher.final()
      sealed.set(cipher.getAuthTag(), content.length)
      return sealed
    },
    open(nonce, context, sealed) {
      const end = sealed.length - TAG_SIZE
      if (end < 0) return undefined
      const decipher = createDecipheriv(algorithm, key, nonce, options).setAAD(context).setAuthTag(sealed.subarray(end))
      const { buffer, byteOffset, length } = decipher.update(sealed.subarray(0, end))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return new Uint8Array(buffer, byteOffset, length)
    },
  }
}

export const backend: CryptoBackend = {
  digest(algorithm, ...parts) {
    const [first] = parts
    if (parts.length === 1 && first) return octetsOf(hashOnce(algorithm, first, 'binary'))
    const hash = createHash(algorithm)
    for (const part of parts) hash.update(part)
    return octetsOf(hash.digest('binary'))
  },
  digestAscii: (text) => octetsOf(hashOnce('sha256', text, 'binary')),
  createHasher: (algorithm) => nodeHasher(createHash(algorithm)),
  base64UrlOf: (text) => Buffer.from(text).toString('base64url'),
  async verify(algorithm, spki, signature, data) {
    if (algorithm === 'Ed25519' && !hasStrictPoints(spki, signature)) return false
    const key = importKey(algorithm, spki)
    if (key === undefined) return false
    const pss = algorithm === 'PS384' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 } : {}
    try {
      return nodeVerify(DIGESTS[algorithm], data, { key, dsaEncoding: 'ieee-p1363', ...pss }, signature)
    } catch {
      return false
    }
  },
}
