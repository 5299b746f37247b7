/** Revocation lists as vendors serve them: decoded by the core, and never replaced by older ones. @module */
import { type Crl, decodeCrl, matchCrlNumber } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'
import type { Dated } from './item.ts'

export interface FetchedCrl extends Dated {
  readonly crl: Crl
}

/** @throws MalformedError CRL_MALFORMED, X509_LIMIT */
export function readCrl(raw: Uint8Array): FetchedCrl {
  const crl = decodeCrl(raw)
  return { crl, goodUntil: crl.nextUpdate }
}

/**
 * An old list would hide who was revoked since. Both are proven.
 * @throws MalformedError CRL_ROLLBACK
 */
export function refuseOlderCrl({ crl: held }: FetchedCrl, { crl: served }: FetchedCrl): void {
  const result = matchCrlNumber(held, served)
  if (result.ok) return
  // A CA with a new key counts anew, but time goes on.
  if (result.code === 'CRL_BAD_ISSUER' && served.thisUpdate >= held.thisUpdate) return
  throw new MalformedError('CRL_ROLLBACK', result.detail)
}
