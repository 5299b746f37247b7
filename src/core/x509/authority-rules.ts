/** The rules of RFC 5280, section 6, on who may do what: issue, sign, be named as the key above. Paths go from leaf to root. @module */
import { sameBytes } from '../encoding/bytes.ts'
import type { Certificate } from './certificate.ts'
import { demand, label } from './demand.ts'
import { decodeExtendedKeyUsage } from './extensions.ts'
import { readAuthorityKeyId, readSubjectKeyId } from './key-identifier.ts'
import { OID_ANY_PURPOSE, OID_BASIC_CONSTRAINTS, OID_EXTENDED_KEY_USAGE } from './oids.ts'
import type { PathProfile } from './profile.ts'

/** Issuers are CAs with keyCertSign and enough path length. Self-issued ones are not counted (RFC 5280, 6.1.4, l). */
export function checkIssuers(path: readonly Certificate[], { maxIntermediates }: PathProfile): void {
  let below = 0
  for (const [index, certificate] of path.entries()) {
    if (index === 0) continue
    checkAuthority(certificate)
    const allowed = certificate.basicConstraints?.pathLength ?? below
    demand(
      below <= allowed,
      'X509_PATHLEN',
      () => `${label(certificate)} allows ${allowed} intermediates, ${below} follow`,
    )
    if (index < path.length - 1 && !isSelfIssued(certificate)) below++
  }
  demand(
    below <= maxIntermediates,
    'X509_PATHLEN',
    () => `${below} intermediates, at most ${maxIntermediates} are asked for`,
  )
}

function checkAuthority(certificate: Certificate): void {
  const { basicConstraints: constraints, keyUsage } = certificate
  // RFC 5280, 4.2.1.9: critical, so that no reader passes over it.
  const critical = certificate.extensions.some(
    (extension) => extension.oid === OID_BASIC_CONSTRAINTS && extension.critical,
  )
  demand(constraints?.ca === true && critical, 'X509_NOT_CA', () => `${label(certificate)} issues without being a CA`)
  demand(
    keyUsage?.includes('keyCertSign') === true,
    'X509_KEY_USAGE',
    () => `${label(certificate)} issues without keyCertSign`,
  )
}

function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return sameBytes(subject.der, issuer.der)
}

/** The leaf is not a CA and may sign. */
export function checkLeaf(leaf: Certificate, profile: PathProfile): void {
  const { basicConstraints: constraints, keyUsage } = leaf
  demand(constraints?.ca !== true, 'X509_CA_AS_LEAF', () => `${label(leaf)} is a CA`)
  demand(constraints?.pathLength === undefined, 'X509_PATHLEN', () => `${label(leaf)} limits a path without being a CA`)
  const permitted = keyUsage
    ? keyUsage.includes('digitalSignature') && !keyUsage.includes('keyCertSign')
    : profile.leafKeyUsage === 'optional'
  demand(permitted, 'X509_KEY_USAGE', () => `${label(leaf)} may not sign data, or may sign certificates`)
}

/** Whoever names purposes is confined to them (RFC 5280, 4.2.1.12); to name all is to be confined to none. The root is trusted as it is. */
export function checkPurposes(path: readonly Certificate[], { extendedKeyUsage: due }: PathProfile): void {
  for (const [index, certificate] of path.slice(0, -1).entries()) {
    const extension = certificate.extensions.find(({ oid }) => oid === OID_EXTENDED_KEY_USAGE)
    const purposes = extension && decodeExtendedKeyUsage(extension.value)
    const permitted =
      due === 'refused'
        ? purposes === undefined
        : purposes === undefined
          ? index > 0 || due.leaf === 'optional'
          : purposes.includes(due.purpose) && !purposes.includes(OID_ANY_PURPOSE)
    demand(
      permitted,
      'X509_KEY_USAGE',
      () => `${label(certificate)} is for other purposes: ${purposes?.join(', ') ?? 'it names none'}`,
    )
  }
}

/** What a certificate says of the key above it fits that key, and is there where the profile wants it. */
export function checkKeyIdentifiers(path: readonly Certificate[], { keyIdentifiers }: PathProfile): void {
  for (const [index, certificate] of path.entries()) {
    const above = path[index + 1]
    const wanted = readAuthorityKeyId(certificate.extensions)
    const found = readSubjectKeyId((above ?? certificate).extensions)
    const complete = found !== undefined && (wanted !== undefined || above === undefined)
    demand(
      complete || keyIdentifiers === 'where-present',
      'X509_MALFORMED',
      () => `${label(certificate)} or its issuer does not identify the issuer's key`,
    )
    demand(
      wanted === undefined || found === undefined || sameBytes(wanted, found),
      'X509_CHAIN_BROKEN',
      () => `${label(certificate)} names another key than that of "${certificate.issuer.text}"`,
    )
  }
}
