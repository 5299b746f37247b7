/** What follows from the octets of issuers' certificates alone, kept by their digests: the same few stand above every leaf. @module */
import type { Certificate } from './certificate.ts'

interface Issuer {
  readonly certificate: Certificate
  /** Digest of the certificate whose key signed this one; its own where it is a root. */
  readonly signer: string
}

// Issuers of proven paths: who has no path to a pinned root cannot fill this. Rules, roots, dates and lists are judged anew each time.
const MAX_ISSUERS = 64
const ISSUERS: Map<string, Issuer> = new Map()

/** The certificate with this SHA-256, decoded; undefined where it is not remembered. */
export function recallIssuer(digest: string | undefined): Certificate | undefined {
  return digest === undefined ? undefined : ISSUERS.get(digest)?.certificate
}

/** Whether the certificate `digest` was seen to verify under the key of the certificate `above`, or of itself where there is none. */
export function wasSigned(digest: string | undefined, above: string | undefined): boolean {
  return digest !== undefined && ISSUERS.get(digest)?.signer === (above ?? digest)
}

/** Keeps all of a proven path but its leaf. @param digests SHA-256 of each certificate of `chain` */
export function rememberIssuers(chain: readonly Certificate[], digests: readonly string[]): void {
  for (const [index, certificate] of chain.entries()) {
    const digest = digests[index]
    if (index === 0 || digest === undefined) continue
    if (ISSUERS.size >= MAX_ISSUERS && !ISSUERS.has(digest)) ISSUERS.clear()
    ISSUERS.set(digest, { certificate, signer: digests[index + 1] ?? digest })
  }
}
