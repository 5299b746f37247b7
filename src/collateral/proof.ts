/**
 * Whether a pinned root vouches for what was fetched, so that nobody else fills the cache. It is no verdict: dates, key usage, revocation
 * and policy are judged by the core, each time anew.
 * @module
 */
import { digestUri, verifySignature } from '../core/crypto/index.ts'
import { sameBytes } from '../core/encoding/bytes.ts'
import { type Certificate, decodeCertificate, decodeEcdsaSignature } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'

/** The signed part of a certificate or list, and its signature. */
export type Signed = Pick<Certificate, 'tbs' | 'signatureScheme' | 'signature'>

/** @throws MalformedError X509_BAD_SIGNATURE, SIG_MALFORMED */
export async function proveSigned(what: string, signed: Signed, issuer: Certificate): Promise<void> {
  const { signatureScheme, signature, tbs } = signed
  const { algorithm } = signatureScheme
  const authentic =
    algorithm !== 'unsupported' &&
    (await verifySignature(
      algorithm,
      issuer.spki,
      algorithm === 'PS384' ? signature : decodeEcdsaSignature(signature, algorithm),
      tbs,
    ))
  if (!authentic) throw new MalformedError('X509_BAD_SIGNATURE', `${what} is not signed by "${issuer.subject.text}"`)
}

/**
 * Proves a certificate and its root, which must be one of `roots`; returns both.
 * @throws MalformedError X509_UNTRUSTED_ROOT, X509_CHAIN_BROKEN, X509_BAD_SIGNATURE
 */
export async function proveIssued(
  [below, root]: readonly [Uint8Array, Uint8Array],
  roots: readonly string[],
): Promise<readonly [Certificate, Certificate]> {
  const fingerprint = digestUri(root)
  if (!roots.includes(fingerprint)) throw new MalformedError('X509_UNTRUSTED_ROOT', `${fingerprint} is not pinned`)
  const [certificate, issuer] = [decodeCertificate(below), decodeCertificate(root)]
  if (!sameBytes(certificate.issuer.der, issuer.subject.der))
    throw new MalformedError('X509_CHAIN_BROKEN', `"${certificate.subject.text}" is not issued by its root`)
  await proveSigned(`"${certificate.subject.text}"`, certificate, issuer)
  return [certificate, issuer]
}
