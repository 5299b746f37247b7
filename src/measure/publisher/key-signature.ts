/** Verifies the signature of a bundle under a key that the caller holds. @module */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { digestUri } from '../../core/crypto/index.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { decodePem } from '../../core/encoding/pem.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { CountersignError } from '../../errors.ts'
import type { SignedStatement } from '../../sigstore/index.ts'

export interface PublisherKey {
  readonly key: KeyObject
  /** As strong as the curve: OpenSSF Model Signing, elliptic keys. */
  readonly digest: string
  /** `sha256:…` of the SubjectPublicKeyInfo. */
  readonly identity: string
}

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
])

/** @throws CountersignError ERR_CONFIG: the key is the caller's own file */
export function readPublisherKey(pem: string): PublisherKey {
  try {
    const [spki] = decodePem(pem, 'PUBLIC KEY')
    const key = createPublicKey({ key: Buffer.from(spki ?? []), format: 'der', type: 'spki' })
    const digest = DIGESTS.get(key.asymmetricKeyDetails?.namedCurve ?? '')
    if (digest !== undefined) return { key, digest, identity: digestUri(spki ?? new Uint8Array()) }
  } catch {}
  throw new CountersignError('ERR_CONFIG', "the publisher's key is not a PEM PUBLIC KEY on P-256, P-384 or P-521")
}

/** Pre-authentication encoding of DSSE v1: the type is signed too. */
function preAuthEncoding({ payloadType, payload }: SignedStatement): Uint8Array {
  const type = encodeUtf8(payloadType)
  return concatBytes(encodeUtf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload)
}

/** The bundle's hint on which key it was is not read: there is one. */
export function verifyKeySignature(signed: SignedStatement, { key, digest }: PublisherKey): boolean {
  return verify(digest, preAuthEncoding(signed), key, signed.signature)
}
