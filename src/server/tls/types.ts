/** What the TLS listener shows: a key of the boot, and certificates over it that may come later and change. @module */
import type { SecureContext } from 'node:tls'
import type { TlsKey } from '../session/channel-keys.ts'

/** Where certificates over one boot's TLS key come from. The key never changes within a boot; what vouches for it may. */
export interface CertificateSource {
  /** There is always one: until a public certificate has come, the self-signed one. */
  current(): ServedCertificate
  /** Told after {@link current} has changed. One listener, given once. */
  onChange(changed: () => void): void
  /** For whoever offers `acme-tls/1` alone (RFC 8737): undefined where no challenge for this name is open. */
  challenge(serverName: string): SecureContext | undefined
  /** Nothing is told any more; what is under way is given up. */
  close(): void
}

export interface ServedCertificate {
  /** PEM, the leaf first. */
  readonly certChainPem: string
}

export interface CertificateSubject {
  readonly key: TlsKey
  /** `measured.host`: a DNS name or an address. */
  readonly host: string
}

/** Called for each boot. */
export type OpenCertificateSource = (subject: CertificateSubject) => Promise<CertificateSource>

/** The protocol of a challenge, RFC 8737 section 3. */
export const ACME_TLS_ALPN = 'acme-tls/1'
