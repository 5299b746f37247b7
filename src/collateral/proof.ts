/**
 * Whether a pinned root vouches for what was fetched, so that nobody else fills the cache. It is no verdict: dates, key usage, revocation
 * and policy are judged by the core, each time anew.
 * @module
 */
import { digestUri } from '../core/crypto/index.ts'
import { sameBytes } from '../core/encoding/bytes.ts'
import { type Certificate, type Crl, decodeCertificate } from '../core/x509/index.ts'
import { isSignedBy, type Signed } from '../core/x509/signed.ts'
import { MalformedError } from '../errors.ts'

/** @throws MalformedError X509_BAD_SIGNATURE, SIG_MALFORMED */
export async function proveSigned(what: string, signed: Signed, issuer: Certificate): Promise<void> {
  if (!(await isSignedBy(issuer.spki, signed)))
    throw new MalformedError('X509_BAD_SIGNATURE', `${what} is not signed by "${issuer.subject.text}"`)
}

/**
 * A list is its issuer's by name and by key: the name alone anybody can write.
 * @throws MalformedError CRL_BAD_ISSUER, SIG_MALFORMED
 */
export async function proveCrl(crl: Crl, issuer: Certificate): Promise<void> {
  if (!sameBytes(crl.issuer.der, issuer.subject.der) || !(await isSignedBy(issuer.spki, crl)))
    throw new MalformedError('CRL_BAD_ISSUER', `the list is not that of "${issuer.subject.text}"`)
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
