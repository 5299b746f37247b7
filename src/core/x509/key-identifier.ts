/** Key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2): hints which key signed. A signature proves it; a hint that contradicts it is a fault. @module */
import { MalformedError } from '../../errors.ts'
import { DER_OCTET_STRING, DER_SEQUENCE, decodeDer, decodeDerElements } from '../encoding/der.ts'
import type { CertificateExtension } from './extensions.ts'
import { OID_AUTHORITY_KEY_IDENTIFIER, OID_SUBJECT_KEY_IDENTIFIER } from './oids.ts'

const KEY_IDENTIFIER = 0x80

/** The subjectKeyIdentifier among `extensions`. @throws MalformedError X509_MALFORMED, DER_INVALID */
export function readSubjectKeyId(extensions: readonly CertificateExtension[]): Uint8Array | undefined {
  const value = extensionValue(extensions, OID_SUBJECT_KEY_IDENTIFIER)
  if (value === undefined) return undefined
  const { content } = decodeDer(value, DER_OCTET_STRING)
  if (content.length === 0) throw malformed('an empty subject key identifier')
  return content
}

/**
 * The key identifier of the authorityKeyIdentifier among `extensions`. Issuer name and serial number beside it are refused: no vendor
 * writes them, and they would be a second way to name an issuer.
 * @throws MalformedError X509_MALFORMED, DER_INVALID
 */
export function readAuthorityKeyId(extensions: readonly CertificateExtension[]): Uint8Array | undefined {
  const value = extensionValue(extensions, OID_AUTHORITY_KEY_IDENTIFIER)
  if (value === undefined) return undefined
  const [identifier, ...rest] = decodeDerElements(decodeDer(value, DER_SEQUENCE).content, 3)
  if (identifier?.tag !== KEY_IDENTIFIER || identifier.content.length === 0 || rest.length > 0)
    throw malformed('an authority key identifier that is not a key identifier alone')
  return identifier.content
}

function extensionValue(extensions: readonly CertificateExtension[], oid: string): Uint8Array | undefined {
  const extension = extensions.find((candidate) => candidate.oid === oid)
  // RFC 5280: both are not critical, ever.
  if (extension?.critical === true) throw malformed('a critical key identifier')
  return extension?.value
}

function malformed(what: string): MalformedError {
  return new MalformedError('X509_MALFORMED', what)
}
