/** Certificate extensions (RFC 5280, 4.2): the list without duplicates, basicConstraints and the key usages. @module */
import { MalformedError } from '../../errors.ts'
import {
  DER_BIT_STRING,
  DER_BOOLEAN,
  DER_INTEGER,
  DER_OCTET_STRING,
  DER_OID,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
  decodeDerOid,
  decodeDerUnsigned,
} from '../encoding/der.ts'

export interface CertificateExtension {
  readonly oid: string
  readonly critical: boolean
  /** Content of the OCTET STRING. */
  readonly value: Uint8Array
}

export interface BasicConstraints {
  readonly ca: boolean
  /** Intermediates that may follow below; absent is no limit. */
  readonly pathLength?: number
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** The named bits of keyUsage. */
export type KeyUsage = (typeof KEY_USAGES)[number]

/** Genuine certificates have up to a dozen. Half a megabyte of empty ones would cost a hundred times its size before it is refused. */
const MAX_EXTENSIONS = 1024

/**
 * @param content of the `[3]` element: one SEQUENCE of extensions
 * @throws MalformedError X509_MALFORMED when one stands there twice: readers would disagree which of them counts
 */
export function decodeExtensions(content: Uint8Array): readonly CertificateExtension[] {
  const extensions = decodeDerElements(decodeDer(content, DER_SEQUENCE).content, MAX_EXTENSIONS).map(decodeExtension)
  const seen = new Set<string>()
  for (const { oid } of extensions) {
    if (seen.has(oid)) throw malformed(`extension ${oid} stands there twice`)
    seen.add(oid)
  }
  return extensions
}

function decodeExtension(element: DerElement): CertificateExtension {
  if (element.tag !== DER_SEQUENCE) throw malformed('an extension is not a SEQUENCE')
  const parts = decodeDerElements(element.content, 4)
  const [oid, second] = parts
  const critical = second?.tag === DER_BOOLEAN
  const value = critical ? parts[2] : second
  if (oid?.tag !== DER_OID || value?.tag !== DER_OCTET_STRING || parts.length !== (critical ? 3 : 2))
    throw malformed('an extension is malformed')
  if (critical) requireTrue(second)
  return { oid: decodeDerOid(oid.content), critical, value: value.content }
}

/** @throws MalformedError X509_MALFORMED, DER_INVALID */
export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  const parts = [...decodeDerElements(decodeDer(value, DER_SEQUENCE).content)]
  const ca = parts[0]?.tag === DER_BOOLEAN
  if (ca) requireTrue(parts.shift())
  const length = parts.shift()
  if (parts.length > 0 || (length !== undefined && length.tag !== DER_INTEGER))
    throw malformed('basicConstraints are malformed')
  return length === undefined ? { ca } : { ca, pathLength: decodeDerUnsigned(length.content) }
}

/**
 * AMD leaves trailing zero bits in, so only the unused ones are checked.
 * @throws MalformedError X509_MALFORMED, DER_INVALID
 */
export function decodeKeyUsage(value: Uint8Array): readonly KeyUsage[] {
  const [unused = 8, ...octets] = decodeDer(value, DER_BIT_STRING).content
  const last = octets.at(-1)
  if (last === undefined || unused > 7 || octets.length > 2 || (last & ((1 << unused) - 1)) !== 0)
    throw malformed('keyUsage is malformed')
  const usages = KEY_USAGES.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
  // RFC 5280, 4.2.1.3: at least one bit must be set.
  if (usages.length === 0) throw malformed('keyUsage names no use')
  return usages
}

/** The purposes of extKeyUsage, dotted. @throws MalformedError X509_MALFORMED, DER_INVALID */
export function decodeExtendedKeyUsage(value: Uint8Array): readonly string[] {
  const purposes = decodeDerElements(decodeDer(value, DER_SEQUENCE).content)
  if (purposes.length === 0 || purposes.some(({ tag }) => tag !== DER_OID)) throw malformed('extKeyUsage is malformed')
  return purposes.map(({ content }) => decodeDerOid(content))
}

// DER: FALSE is the default and left out, TRUE is the octet 0xFF.
function requireTrue(element: DerElement | undefined): void {
  if (element?.content.length !== 1 || element.content[0] !== 0xff)
    throw new MalformedError('DER_INVALID', 'BOOLEAN is not the octet FF')
}

function malformed(what: string): MalformedError {
  return new MalformedError('X509_MALFORMED', what)
}
