/** Makes X.509 certificates, and wrong ones on purpose: every field is the caller's. For simulated roots only. @module */
import { constants, createHash, type KeyObject, sign } from 'node:crypto'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import {
  bitString,
  booleanTrue,
  encodeDer,
  explicit,
  integerOctets,
  nullElement,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  unsigned,
  utf8String,
} from './der-writer.ts'

/** [OID of the attribute, its text]; each becomes one RDN with a UTF8String. */
export type NameTemplate = readonly (readonly [string, string])[]

export interface ExtensionTemplate {
  readonly oid: string
  readonly critical?: boolean
  /** Content of the OCTET STRING. */
  readonly value: Uint8Array
}

/** What becomes of the signed part, and how it is signed. */
export interface CertificateTemplate {
  readonly version: 1 | 2 | 3
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array
  readonly issuer: NameTemplate
  readonly subject: NameTemplate
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly extensions: readonly ExtensionTemplate[]
  readonly scheme: SchemeName
  /** AlgorithmIdentifier inside the signed part; the scheme's own when absent. */
  readonly innerAlgorithm?: Uint8Array
  /** The one outside; likewise. */
  readonly outerAlgorithm?: Uint8Array
}

/** Alters a template before it is signed. */
export type Shape = (template: CertificateTemplate) => CertificateTemplate

/** How a certificate is signed. `PS384-explicit-trailer` is what AMD writes into ARK and ASK. */
export type SchemeName = 'PS384' | 'PS384-explicit-trailer' | 'PS384-salt-32' | 'PS256' | 'RS384' | 'ES256' | 'ES384'

const OID_RSASSA_PSS = '1.2.840.113549.1.1.10'
const OID_MGF1 = '1.2.840.113549.1.1.8'
const HASH_OIDS = { sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2' } as const

interface Scheme {
  readonly algorithm: Uint8Array
  readonly sign: (key: KeyObject, data: Uint8Array) => Uint8Array
}

function pss(hash: 'sha256' | 'sha384', saltLength: number, trailer: 'absent' | 'explicit'): Scheme {
  const hashAlgorithm = sequence(objectIdentifier(HASH_OIDS[hash]), nullElement())
  const parameters = sequence(
    explicit(0, hashAlgorithm),
    explicit(1, sequence(objectIdentifier(OID_MGF1), hashAlgorithm)),
    explicit(2, unsigned(saltLength)),
    ...(trailer === 'explicit' ? [explicit(3, unsigned(1))] : []),
  )
  return {
    algorithm: sequence(objectIdentifier(OID_RSASSA_PSS), parameters),
    sign: (key, data) => sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  }
}

const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  PS384: pss('sha384', 48, 'absent'),
  'PS384-explicit-trailer': pss('sha384', 48, 'explicit'),
  'PS384-salt-32': pss('sha384', 32, 'absent'),
  PS256: pss('sha256', 32, 'absent'),
  RS384: {
    algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.12'), nullElement()),
    sign: (key, data) => sign('sha384', data, key),
  },
  ES256: {
    algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.2')),
    sign: (key, data) => sign('sha256', data, { key, dsaEncoding: 'der' }),
  },
  ES384: {
    algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.3')),
    sign: (key, data) => sign('sha384', data, { key, dsaEncoding: 'der' }),
  },
}

/** The AlgorithmIdentifier of a scheme, DER. */
export function algorithmOf(scheme: SchemeName): Uint8Array {
  return SCHEMES[scheme].algorithm
}

/** Signs octets as the scheme asks; the content of the BIT STRING. */
export function signWith(scheme: SchemeName, key: KeyObject, data: Uint8Array): Uint8Array {
  return SCHEMES[scheme].sign(key, data)
}

/** Signs a certificate over `template` with the issuer's key; returns its DER. */
export function issueCertificate(template: CertificateTemplate, issuerKey: KeyObject): Uint8Array {
  const scheme = SCHEMES[template.scheme]
  const tbs = sequence(
    ...(template.version === 1 ? [] : [explicit(0, unsigned(template.version - 1))]),
    integerOctets(template.serial),
    template.innerAlgorithm ?? scheme.algorithm,
    encodeName(template.issuer),
    sequence(time(template.notBefore), time(template.notAfter)),
    encodeName(template.subject),
    template.spki,
    ...(template.extensions.length === 0 ? [] : [explicit(3, sequence(...template.extensions.map(encodeExtension)))]),
  )
  return sequence(tbs, template.outerAlgorithm ?? scheme.algorithm, bitString(scheme.sign(issuerKey, tbs)))
}

/** The DER of a Name. */
export function encodeName(name: NameTemplate): Uint8Array {
  return sequence(...name.map(([oid, text]) => setOf(sequence(objectIdentifier(oid), utf8String(text)))))
}

/** The DER of one Extension, of a certificate or a revocation list. */
export function encodeExtension({ oid, critical = false, value }: ExtensionTemplate): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value))
}

/** basicConstraints of a CA, critical. */
export function caConstraints(pathLength?: number): ExtensionTemplate {
  const value = sequence(booleanTrue(), ...(pathLength === undefined ? [] : [unsigned(pathLength)]))
  return { oid: '2.5.29.19', critical: true, value }
}

/** basicConstraints that name no CA, critical: an empty SEQUENCE. */
export function leafConstraints(): ExtensionTemplate {
  return { oid: '2.5.29.19', critical: true, value: sequence() }
}

/**
 * keyUsage from its first octet, critical: 0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign.
 * @param unusedBits AMD leaves trailing zero bits in; others count them here, as DER asks
 */
export function keyUsage(octet: number, unusedBits = 1): ExtensionTemplate {
  return { oid: '2.5.29.15', critical: true, value: bitString(Uint8Array.of(octet), unusedBits) }
}

/** subjectKeyIdentifier. */
export function subjectKeyId(keyId: Uint8Array): ExtensionTemplate {
  return { oid: '2.5.29.14', value: octetString(keyId) }
}

/** authorityKeyIdentifier: the key identifier alone. */
export function authorityKeyId(keyId: Uint8Array): ExtensionTemplate {
  return { oid: '2.5.29.35', value: sequence(encodeDer(0x80, keyId)) }
}

/** cRLDistributionPoints: one URI. */
export function crlDistributionPoint(uri: string): ExtensionTemplate {
  const fullName = encodeDer(0xa0, encodeDer(0x86, encodeUtf8(uri)))
  return { oid: '2.5.29.31', value: sequence(sequence(explicit(0, fullName))) }
}

/** Twenty octets that name a key: the left part of SHA-256 over its SubjectPublicKeyInfo (RFC 7093, section 2). */
export function keyIdOf(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(spki).digest()).slice(0, 20)
}

/** The subject's public key in DER. */
export function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }))
}
