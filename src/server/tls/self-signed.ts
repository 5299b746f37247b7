/** The certificate that a gateway has at once: nobody vouches for it but the quote, in whose session its key is named. @module */
import { encodePem } from '../../core/encoding/pem.ts'
import type { CertificateSource, CertificateSubject } from './types.ts'

const DAY_MS = 86_400_000
/** Clocks of clients may be behind. */
const BEFORE_MS: number = DAY_MS
/** Longer than any boot: what ends with the boot is the key. */
const AFTER_MS: number = 3_650 * DAY_MS

/** @param now by the gateway's clock */
export async function openSelfSigned({ key, host }: CertificateSubject, now: Date): Promise<CertificateSource> {
  // Loaded where it is needed: reading certificates of others takes none of it.
  const { createSelfSignedCertificate } = await import('../../issuing/index.ts')
  const notBefore = new Date(now.getTime() - BEFORE_MS)
  const notAfter = new Date(now.getTime() + AFTER_MS)
  const certificate = await createSelfSignedCertificate(key, { host, notBefore, notAfter })
  const certChainPem = encodePem(certificate, 'CERTIFICATE')
  return {
    current: () => ({ certChainPem }),
    onChange: () => {},
    challenge: () => undefined,
    close: () => {},
  }
}
