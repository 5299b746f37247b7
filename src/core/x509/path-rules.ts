/** The rules of RFC 5280, section 6, that need no cryptography. Each throws its own X509_* code. Paths go from leaf to root. @module */
import { MalformedError } from '../../errors.ts'
import { isZero, sameBytes } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Certificate } from './certificate.ts'
import { OID_BASIC_CONSTRAINTS, OID_NAME_CONSTRAINTS } from './oids.ts'
import type { PathProfile } from './profile.ts'
import { decodeKeyKind } from './public-key.ts'

const MAX_SERIAL_SIZE = 20

/** Sizes and depth, before anything is decoded. */
export function checkLimits(path: readonly Uint8Array[], profile: PathProfile): void {
  const total = path.reduce((sum, raw) => sum + raw.length, 0)
  demand(path.length <= profile.maxLength, 'X509_LIMIT', `${path.length} certificates, at most ${profile.maxLength}`)
  demand(total <= profile.maxPathSize, 'X509_LIMIT', `${total} bytes of certificates, at most ${profile.maxPathSize}`)
  for (const { length } of path)
    demand(length <= profile.maxCertificateSize, 'X509_LIMIT', `${length} bytes, at most ${profile.maxCertificateSize}`)
  demand(
    path.length >= profile.minLength,
    'X509_CHAIN_BROKEN',
    `${path.length} certificates, ${profile.minLength} are due`,
  )
}

/** Each issuer is the subject above it, octet for octet; the root is its own issuer. */
export function checkLinks(path: readonly Certificate[]): void {
  path.forEach((certificate, index) => {
    const above = path[index + 1] ?? certificate
    demand(
      sameBytes(certificate.issuer.der, above.subject.der),
      'X509_CHAIN_BROKEN',
      `${label(certificate)} is issued by "${certificate.issuer.text}", and "${above.subject.text}" stands above it`,
    )
  })
}

/** Version, serial number, critical extensions. */
export function checkForm(path: readonly Certificate[], profile: PathProfile): void {
  path.forEach((certificate, index) => {
    const { serial, version } = certificate
    demand(version === 3, 'X509_MALFORMED', `${label(certificate)} has version ${version}, not 3`)
    const zeroPasses = index === 0 && profile.leafSerialZero === 'allowed'
    const positive = (serial[0] ?? 0x80) < 0x80 && (!isZero(serial) || (zeroPasses && serial.length === 1))
    const padded = serial.length > 1 && serial[0] === 0 && (serial[1] ?? 0) < 0x80
    // Intel and AWS use all 20 octets: the sign octet that DER then puts in front is not counted.
    const size = serial.length - (serial[0] === 0 ? 1 : 0)
    demand(
      positive && !padded && size <= MAX_SERIAL_SIZE,
      'X509_MALFORMED',
      `${label(certificate)} has no serial number from 1 to 20 octets`,
    )
    for (const { oid, critical } of certificate.extensions) {
      // RFC 5280, 4.2.1.10: name constraints are critical, whether their issuer said so or not.
      const binding = critical || oid === OID_NAME_CONSTRAINTS
      const known = !binding || profile.criticalExtensions.includes(oid)
      demand(known, 'X509_UNKNOWN_CRITICAL', `${label(certificate)} has the critical extension ${oid}`)
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
      `${label(certificate)} names two signature algorithms`,
    )
    demand(
      profile.algorithms.some((algorithm) => algorithm === scheme.algorithm),
      'X509_ALG_FORBIDDEN',
      `${label(certificate)} is signed with ${scheme.oid}${scheme.pss ? ` (salt ${scheme.pss.saltLength}, hash ${scheme.pss.hash})` : ''}, not ${profile.algorithms.join(' or ')}`,
    )
    demand(
      scheme.pss?.trailerField !== 'explicit' || profile.explicitTrailerField === 'allowed',
      'X509_MALFORMED',
      `${label(certificate)} spells a default in its RSASSA-PSS parameters`,
    )
  }
}

/** Keys are well-formed, of a kind that the vendor uses, and of the kind of their place. */
export function checkKeys(path: readonly Certificate[], profile: PathProfile): void {
  path.forEach((certificate, index) => {
    const kind = decodeKeyKind(certificate.spki)
    const due = index === 0 ? profile.leafKeys : profile.issuerKeys
    const used = due.includes(kind) || profile.leafKeys.includes(kind) || profile.issuerKeys.includes(kind)
    demand(used, 'X509_ALG_FORBIDDEN', `${label(certificate)} has a ${kind} key`)
    demand(due.includes(kind), 'X509_BAD_KEY', `${label(certificate)} has a ${kind} key, ${due.join(' or ')} is due`)
  })
}

/** Issuers are CAs with keyCertSign and enough path length. */
export function checkIssuers(path: readonly Certificate[]): void {
  path.slice(1).forEach((certificate, below) => {
    const { basicConstraints: constraints, keyUsage } = certificate
    // RFC 5280, 4.2.1.9: critical, so that no reader passes over it.
    const critical = certificate.extensions.some(
      (extension) => extension.oid === OID_BASIC_CONSTRAINTS && extension.critical,
    )
    demand(constraints?.ca === true && critical, 'X509_NOT_CA', `${label(certificate)} issues without being a CA`)
    const allowed = constraints?.pathLength ?? below
    demand(below <= allowed, 'X509_PATHLEN', `${label(certificate)} allows ${allowed} intermediates, ${below} follow`)
    demand(
      keyUsage?.includes('keyCertSign') === true,
      'X509_KEY_USAGE',
      `${label(certificate)} issues without keyCertSign`,
    )
  })
}

/** The leaf is not a CA and may sign. */
export function checkLeaf(path: readonly Certificate[], profile: PathProfile): void {
  const leaf = path[0]
  if (leaf === undefined) throw new MalformedError('X509_CHAIN_BROKEN', 'no leaf')
  const { basicConstraints: constraints, keyUsage } = leaf
  demand(constraints?.ca !== true, 'X509_CA_AS_LEAF', `${label(leaf)} is a CA`)
  demand(constraints?.pathLength === undefined, 'X509_PATHLEN', `${label(leaf)} limits a path without being a CA`)
  const permitted = keyUsage
    ? keyUsage.includes('digitalSignature') && !keyUsage.includes('keyCertSign')
    : profile.leafKeyUsage === 'optional'
  demand(permitted, 'X509_KEY_USAGE', `${label(leaf)} may not sign data, or may sign certificates`)
}

/** Bounds are inclusive (RFC 5280, 4.1.2.5) and whole seconds, so the last second counts to its end. */
export function checkValidity(path: readonly Certificate[], time: Date): void {
  const at = new Date(Math.floor(time.getTime() / 1000) * 1000)
  for (const certificate of path) {
    const { notBefore, notAfter } = certificate
    const window = `${notBefore.toISOString()} to ${notAfter.toISOString()}, judged at ${at.toISOString()}`
    demand(at >= notBefore, 'X509_NOT_YET_VALID', `${label(certificate)}: ${window}`)
    demand(at <= notAfter, 'X509_EXPIRED', `${label(certificate)}: ${window}`)
  }
}

/** How messages name a certificate. */
export function label(certificate: Certificate): string {
  return certificate.subject.commonNames[0] ?? certificate.subject.text
}

/** Throws `code` unless `condition` holds. */
export function demand(condition: boolean, code: FailureCode, detail: string): asserts condition {
  if (!condition) throw new MalformedError(code, detail)
}
