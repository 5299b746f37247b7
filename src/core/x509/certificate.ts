/** X.509 certificates as plain records. Layout only: trust comes from {@link verifyPath}. @module */
import { MalformedError } from '../../errors.ts'
import {
  DER_BIT_STRING,
  DER_INTEGER,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
  decodeDerUnsigned,
} from '../encoding/der.ts'
import {
  type BasicConstraints,
  type CertificateExtension,
  decodeBasicConstraints,
  decodeExtensions,
  decodeKeyUsage,
  type KeyUsage,
} from './extensions.ts'
import { type DistinguishedName, decodeName } from './name.ts'
import { OID_BASIC_CONSTRAINTS, OID_KEY_USAGE } from './oids.ts'
import { decodeSignatureScheme, type SignatureScheme } from './signature-scheme.ts'
import { decodeTime } from './time.ts'

/** Every byte of it is the sender's. */
export interface Certificate {
  readonly raw: Uint8Array
  /** TBSCertificate with its tag and length, as given: the octets that the issuer signed. */
  readonly tbs: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** Content octets of the INTEGER, big-endian two's complement. */
  readonly serial: Uint8Array
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly signatureScheme: SignatureScheme
  /** AlgorithmIdentifier inside the signed part, and the one outside: they must be the same octets. */
  readonly innerAlgorithm: Uint8Array
  readonly outerAlgorithm: Uint8Array
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array
  readonly extensions: readonly CertificateExtension[]
  readonly basicConstraints?: BasicConstraints
  readonly keyUsage?: readonly KeyUsage[]
}

/**
 * Reads one DER certificate, to its last byte. Nothing is verified.
 *
 * ```
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
 * TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject,
 *                               subjectPublicKeyInfo, [3] extensions }
 * ```
 * @throws MalformedError DER_INVALID, EVIDENCE_TRUNCATED, PARSE_TRAILING, X509_MALFORMED
 */
export function decodeCertificate(given: Uint8Array): Certificate {
  // A copy of its own: what is read are views, and the giver may go on to write into his octets.
  const raw = new Uint8Array(given)
  const [tbs, outer, signature, ...rest] = decodeDerElements(decodeDer(raw, DER_SEQUENCE).content)
  if (tbs?.tag !== DER_SEQUENCE || outer === undefined || signature?.tag !== DER_BIT_STRING || rest.length > 0)
    throw malformed('not a certificate')
  // A signature is whole octets: no unused bits.
  if (signature.content[0] !== 0) throw malformed('the signature is not whole octets')
  return {
    raw,
    tbs: tbs.raw,
    ...decodeTbs(tbs),
    outerAlgorithm: outer.raw,
    signatureScheme: decodeSignatureScheme(outer),
    signature: signature.content.subarray(1),
  }
}

type TbsFields = Omit<Certificate, 'raw' | 'tbs' | 'outerAlgorithm' | 'signatureScheme' | 'signature'>

function decodeTbs(tbs: DerElement): TbsFields {
  const fields = [...decodeDerElements(tbs.content)]
  const version = fields[0]?.tag === 0xa0 ? decodeVersion(fields.shift()) : 1
  const [serial, algorithm, issuer, validity, subject, spki, extensions, ...rest] = fields
  if (serial?.tag !== DER_INTEGER || serial.content.length === 0) throw malformed('no serial number')
  if (!algorithm || issuer?.tag !== DER_SEQUENCE || subject?.tag !== DER_SEQUENCE || spki?.tag !== DER_SEQUENCE)
    throw malformed('a field of the signed part is missing')
  // RFC 5280, 4.1.2.8: unique identifiers must not be generated; nothing may follow the extensions.
  if (rest.length > 0 || (extensions !== undefined && extensions.tag !== 0xa3))
    throw malformed('an unknown field in the signed part')
  return {
    version,
    serial: serial.content,
    innerAlgorithm: algorithm.raw,
    issuer: decodeName(issuer.raw),
    ...decodeValidity(validity),
    subject: decodeName(subject.raw),
    spki: spki.raw,
    ...readExtensions(extensions),
  }
}

function decodeVersion(element: DerElement | undefined): number {
  const value = decodeDerUnsigned(decodeDer(element?.content ?? new Uint8Array(), DER_INTEGER).content)
  // DER leaves the default, version 1, out.
  if (value !== 1 && value !== 2) throw malformed('unknown version')
  return value + 1
}

function decodeValidity(element: DerElement | undefined): { notBefore: Date; notAfter: Date } {
  const [notBefore, notAfter, ...rest] = element?.tag === DER_SEQUENCE ? decodeDerElements(element.content) : []
  if (!notBefore || !notAfter || rest.length > 0) throw malformed('validity is malformed')
  return { notBefore: decodeTime(notBefore), notAfter: decodeTime(notAfter) }
}

function readExtensions(
  element: DerElement | undefined,
): Pick<Certificate, 'extensions' | 'basicConstraints' | 'keyUsage'> {
  const extensions = element ? decodeExtensions(element.content) : []
  const basicConstraints = extensions.find(({ oid }) => oid === OID_BASIC_CONSTRAINTS)
  const keyUsage = extensions.find(({ oid }) => oid === OID_KEY_USAGE)
  return {
    extensions,
    ...(basicConstraints && { basicConstraints: decodeBasicConstraints(basicConstraints.value) }),
    ...(keyUsage && { keyUsage: decodeKeyUsage(keyUsage.value) }),
  }
}

function malformed(what: string): MalformedError {
  return new MalformedError('X509_MALFORMED', what)
}
