/** The rules of RFC 5280, section 6, on form, links and time. Each throws its own X509_* code. Paths go from leaf to root. @module */
import { isZero, sameBytes } from '../encoding/bytes.ts'
import type { Certificate } from './certificate.ts'
import { demand, label } from './demand.ts'
import { OID_NAME_CONSTRAINTS } from './oids.ts'
import type { PathProfile } from './profile.ts'
import { decodeKeyKind, type KeyKind } from './public-key.ts'

const MAX_SERIAL_SIZE = 20
/** Octets of a Name without parts. */
const EMPTY_NAME = 2

/** Sizes and depth, before anything is decoded. */
export function checkLimits(path: readonly Uint8Array[], profile: PathProfile): void {
  const total = path.reduce((sum, raw) => sum + raw.length, 0)
  demand(
    path.length <= profile.maxLength,
    'X509_LIMIT',
    () => `${path.length} certificates, at most ${profile.maxLength}`,
  )
  demand(
    total <= profile.maxPathSize,
    'X509_LIMIT',
    () => `${total} bytes of certificates, at most ${profile.maxPathSize}`,
  )
  for (const { length } of path)
    demand(
      length <= profile.maxCertificateSize,
      'X509_LIMIT',
      () => `${length} bytes, at most ${profile.maxCertificateSize}`,
    )
  demand(
    path.length >= profile.minLength,
    'X509_CHAIN_BROKEN',
    () => `${path.length} certificates, ${profile.minLength} are due`,
  )
}

/** Each issuer is the subject above it, octet for octet; the root is its own issuer. */
export function checkLinks(path: readonly Certificate[]): void {
  path.forEach((certificate, index) => {
    const above = path[index + 1] ?? certificate
    demand(
      sameBytes(certificate.issuer.der, above.subject.der),
      'X509_CHAIN_BROKEN',
      () =>
        `${label(certificate)} is issued by "${certificate.issuer.text}", and "${above.subject.text}" stands above it`,
    )
  })
}

/** Version, serial number, names, critical extensions. */
export function checkForm(path: readonly Certificate[], profile: PathProfile): void {
  path.forEach((certificate, index) => {
    const { serial, version } = certificate
    demand(version === 3, 'X509_MALFORMED', () => `${label(certificate)} has version ${version}, not 3`)
    const zeroPasses = index === 0 && profile.leafSerialZero === 'allowed'
    const positive = (serial[0] ?? 0x80) < 0x80 && (!isZero(serial) || (zeroPasses && serial.length === 1))
    const padded = serial.length > 1 && serial[0] === 0 && (serial[1] ?? 0) < 0x80
    // Intel and AWS use all 20 octets: the sign octet that DER then puts in front is not counted.
    const size = serial.length - (serial[0] === 0 ? 1 : 0)
    demand(
      positive && !padded && size <= MAX_SERIAL_SIZE,
      'X509_MALFORMED',
      () => `${label(certificate)} has no serial number from 1 to 20 octets`,
    )
    // RFC 5280, 4.1.2.4 and 4.1.2.6: every issuer has a name, and every CA is one.
    const named =
      certificate.issuer.der.length > EMPTY_NAME && (index === 0 || certificate.subject.der.length > EMPTY_NAME)
    demand(named, 'X509_MALFORMED', () => `certificate ${index} from the leaf has an issuer without a name`)
    for (const { oid, critical } of certificate.extensions) {
      // RFC 5280, 4.2.1.10: name constraints are critical, whether their issuer said so or not.
      const binding = critical || oid === OID_NAME_CONSTRAINTS
      const known = !binding || profile.criticalExtensions.includes(oid)
      demand(known, 'X509_UNKNOWN_CRITICAL', () => `${label(certificate)} has the critical extension ${oid}`)
    }
  })
}

/** Inside equals outside (else an attacker could pick the outer one), and it is one that the vendor uses. */
export function checkAlgorithms(path: readonly Certificate[], profile: PathProfile): void {
  for (const certificate of path) {
    const { signatureScheme: scheme } = certificate
    demand(
      sameBytes(certificate.innerAlgorithm, certificate.outerAlgorithm),
      'X509_ALG_MISMATCH',
      () => `${label(certificate)} names two signature algorithms`,
    )
    demand(
      profile.algorithms.some((algorithm) => algorithm === scheme.algorithm),
      'X509_ALG_FORBIDDEN',
      () =>
        `${label(certificate)} is signed with ${scheme.oid}${scheme.pss ? ` (salt ${scheme.pss.saltLength}, hash ${scheme.pss.hash})` : ''}, not ${profile.algorithms.join(' or ')}`,
    )
    demand(
      scheme.pss?.trailerField !== 'explicit' || profile.explicitTrailerField === 'allowed',
      'X509_MALFORMED',
      () => `${label(certificate)} spells a default in its RSASSA-PSS parameters`,
    )
  }
}

/** Keys are well-formed, of a kind that the vendor uses, and of the kind of their place. */
export function checkKeys(path: readonly Certificate[], profile: PathProfile): void {
  path.forEach((certificate, index) => {
    const kind = kindOf(certificate)
    const due = index === 0 ? profile.leafKeys : profile.issuerKeys
    const used = due.includes(kind) || profile.leafKeys.includes(kind) || profile.issuerKeys.includes(kind)
    demand(used, 'X509_ALG_FORBIDDEN', () => `${label(certificate)} has a ${kind} key`)
    demand(
      due.includes(kind),
      'X509_BAD_KEY',
      () => `${label(certificate)} has a ${kind} key, ${due.join(' or ')} is due`,
    )
  })
}

// That a point lies on its curve takes large integers; issuers' certificates come again and again as the same record.
const KINDS: WeakMap<Certificate, KeyKind> = new WeakMap()

function kindOf(certificate: Certificate): KeyKind {
  const kind = KINDS.get(certificate) ?? decodeKeyKind(certificate.spki)
  KINDS.set(certificate, kind)
  return kind
}

/** Bounds are inclusive (RFC 5280, 4.1.2.5) and whole seconds, so the last second counts to its end. */
export function checkValidity(path: readonly Certificate[], time: Date): void {
  const at = wholeSeconds(time)
  for (const certificate of path) {
    const { notBefore, notAfter } = certificate
    const window = (): string =>
      `${label(certificate)}: ${notBefore.toISOString()} to ${notAfter.toISOString()}, judged at ${time.toISOString()}`
    demand(at >= notBefore.getTime(), 'X509_NOT_YET_VALID', window)
    demand(at <= notAfter.getTime(), 'X509_EXPIRED', window)
  }
}

/** The start of the second that `time` lies in, in milliseconds. */
export function wholeSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000) * 1000
}
