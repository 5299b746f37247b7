/** Extensions of revocation lists and their entries (RFC 5280, 5.2 and 5.3): what makes a list other than full and its issuer's own is refused. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { DER_INTEGER, decodeDer } from '../encoding/der.ts'
import type { CertificateExtension } from './extensions.ts'
import {
  OID_CERTIFICATE_ISSUER,
  OID_CRL_NUMBER,
  OID_DELTA_CRL_INDICATOR,
  OID_ISSUING_DISTRIBUTION_POINT,
  OID_REASON_CODE,
} from './oids.ts'

const DER_ENUMERATED = 0x0a
const MAX_NUMBER_SIZE = 20
/** CRLReason: 7 is not used, and 8, removeFromCRL, belongs to delta lists. */
const REASONS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 9, 10]
/** Critical by RFC 5280; refused even where their issuer did not say so. */
const OTHER_KINDS: readonly string[] = [OID_DELTA_CRL_INDICATOR, OID_ISSUING_DISTRIBUTION_POINT]

/** @throws MalformedError CRL_MALFORMED for delta lists, lists of a part of the certificates, and what is critical */
export function checkListExtensions(extensions: readonly CertificateExtension[]): void {
  for (const { oid, critical } of extensions)
    if (critical || OTHER_KINDS.includes(oid)) throw malformed(`${critical ? 'critical ' : ''}extension ${oid}`)
}

/** cRLNumber. @throws MalformedError CRL_MALFORMED, DER_INVALID */
export function decodeCrlNumber(extensions: readonly CertificateExtension[]): bigint {
  const extension = extensions.find(({ oid }) => oid === OID_CRL_NUMBER)
  if (extension === undefined) throw malformed('no number')
  const { content } = decodeDer(extension.value, DER_INTEGER)
  const [first = 0x80, second = 0x80] = content
  const minimal = first !== 0 || content.length === 1 || second >= 0x80
  if (first >= 0x80 || !minimal || content.length > MAX_NUMBER_SIZE) throw malformed('its number is malformed')
  return BigInt(`0x${encodeHex(content)}`)
}

/** The reason among the extensions of an entry. @throws MalformedError CRL_MALFORMED, DER_INVALID */
export function readReason(extensions: readonly CertificateExtension[]): number | undefined {
  for (const { oid, critical } of extensions) {
    // certificateIssuer makes an entry one of another issuer's certificates.
    if (critical || oid === OID_CERTIFICATE_ISSUER) throw malformed(`an entry has the extension ${oid}`)
  }
  const reason = extensions.find(({ oid }) => oid === OID_REASON_CODE)
  if (reason === undefined) return undefined
  const { content } = decodeDer(reason.value, DER_ENUMERATED)
  const [value = -1] = content
  if (content.length !== 1 || !REASONS.includes(value)) throw malformed('an entry has an unknown reason')
  return value
}

function malformed(what: string): MalformedError {
  return new MalformedError('CRL_MALFORMED', `revocation list: ${what}`)
}
