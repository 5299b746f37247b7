/** Signatures over certificates and revocation lists: the octets as given, under an issuer's key. @module */
import { verifySignature } from '../crypto/index.ts'
import { decodeEcdsaSignature } from './ecdsa-signature.ts'
import type { SignatureScheme } from './signature-scheme.ts'

/** What certificates and revocation lists have in common. */
export interface Signed {
  /** The signed part with its tag and length, as given. */
  readonly tbs: Uint8Array
  readonly signatureScheme: SignatureScheme
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array
}

/**
 * Whether the key `spki` signed it.
 * @throws MalformedError SIG_MALFORMED for an ECDSA signature that is not DER or out of range
 */
export async function isSignedBy(spki: Uint8Array, { tbs, signatureScheme, signature }: Signed): Promise<boolean> {
  const { algorithm } = signatureScheme
  if (algorithm === 'unsupported') return false
  const raw = algorithm === 'PS384' ? signature : decodeEcdsaSignature(signature, algorithm)
  return verifySignature(algorithm, spki, raw, tbs)
}
