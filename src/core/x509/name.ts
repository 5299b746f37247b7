/** Distinguished names (RFC 5280, 4.1.2.4): an RDNSequence of strings, nothing else. Names are linked by their octets, never by text. @module */
import { MalformedError } from '../../errors.ts'
import {
  DER_IA5_STRING,
  DER_OID,
  DER_SEQUENCE,
  DER_SET,
  DER_UTF8_STRING,
  type DerElement,
  decodeDer,
  decodeDerElements,
  decodeDerOid,
} from '../encoding/der.ts'
import { decodeAscii, decodeUtf8 } from '../encoding/utf8.ts'

/** A subject or issuer. Names are linked by `der`, never by `text`. */
export interface DistinguishedName {
  /** The Name as it stands in the certificate. */
  readonly der: Uint8Array
  /** For people, in the manner of RFC 4514, in the order of the certificate. Made when it is read. */
  readonly text: string
  /** Every CN, in order. A name that must be one thing has exactly one. */
  readonly commonNames: readonly string[]
  /** Every O, in order. */
  readonly organizations: readonly string[]
}

interface Attribute {
  readonly oid: string
  readonly value: string
}

/** Parts of a name, and attributes of a part. Genuine names have six of one; more are never read. */
const MAX_PARTS = 32

const DER_PRINTABLE_STRING = 0x13
const DER_TELETEX_STRING = 0x14
const DER_BMP_STRING = 0x1e

const OID_COMMON_NAME = '2.5.4.3'
const OID_ORGANIZATION = '2.5.4.10'
const SHORT_NAMES: Readonly<Record<string, string>> = {
  [OID_COMMON_NAME]: 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  [OID_ORGANIZATION]: 'O',
  '2.5.4.11': 'OU',
}

/**
 * Reads the DER of a Name.
 *
 * ```
 * Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value DirectoryString or IA5String }
 * ```
 * @throws MalformedError X509_MALFORMED
 */
export function decodeName(der: Uint8Array): DistinguishedName {
  return new ReadName(der, readParts(der))
}

/** A class for the sake of `text`, which messages alone ask for: an accessor of each object would cost more than reading the name. */
class ReadName implements DistinguishedName {
  readonly der: Uint8Array
  readonly commonNames: readonly string[]
  readonly organizations: readonly string[]
  readonly #parts: readonly (readonly Attribute[])[]

  constructor(der: Uint8Array, parts: readonly (readonly Attribute[])[]) {
    this.der = der
    this.commonNames = valuesOf(parts, OID_COMMON_NAME)
    this.organizations = valuesOf(parts, OID_ORGANIZATION)
    this.#parts = parts
  }

  get text(): string {
    return this.#parts.map((part) => part.map(formatAttribute).join('+')).join(', ')
  }
}

function readParts(der: Uint8Array): readonly (readonly Attribute[])[] {
  try {
    return decodeDerElements(decodeDer(der, DER_SEQUENCE).content, MAX_PARTS).map(decodePart)
  } catch (cause) {
    if (!(cause instanceof MalformedError) || cause.failure === 'X509_MALFORMED') throw cause
    throw new MalformedError('X509_MALFORMED', 'a name is malformed', { cause })
  }
}

function decodePart({ tag, content }: DerElement): readonly Attribute[] {
  if (tag !== DER_SET || content.length === 0) throw malformed('a part of it is not a set of attributes')
  return decodeDerElements(content, MAX_PARTS).map(decodeAttribute)
}

function decodeAttribute({ tag, content }: DerElement): Attribute {
  const [type, value, ...rest] = tag === DER_SEQUENCE ? decodeDerElements(content) : []
  if (type?.tag !== DER_OID || value === undefined || rest.length > 0) throw malformed('an attribute is malformed')
  return { oid: decodeDerOid(type.content), value: decodeText(value) }
}

/** Names end up in messages: what could rewrite a line there is no name. */
function decodeText({ tag, content }: DerElement): string {
  const text = readText(tag, content)
  if (text === '' || /\p{Control}/u.test(text)) throw malformed('an attribute is empty or holds control characters')
  return text
}

function readText(tag: number, content: Uint8Array): string {
  switch (tag) {
    case DER_UTF8_STRING:
      return isAscii(content) ? decodeAscii(content) : decodeUtf8(content)
    // Teletex is a code of its own; readers that take it for Latin-1 disagree above ASCII.
    case DER_TELETEX_STRING:
    case DER_IA5_STRING:
      return decodeAscii(content)
    case DER_PRINTABLE_STRING:
      return decodePrintable(content)
    case DER_BMP_STRING:
      return decodeBmp(content)
    default:
      throw malformed(`a string of type ${tag}`)
  }
}

/** Nearly every name is; for so few octets a decoder of text costs more than its work. */
function isAscii(content: Uint8Array): boolean {
  for (const octet of content) if (octet < 0x20 || octet > 0x7e) return false
  return true
}

/** X.680, 41.4: a small part of ASCII. */
function decodePrintable(content: Uint8Array): string {
  const text = decodeAscii(content)
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw malformed('a PrintableString holds other characters')
  return text
}

/** Two octets a character, of the first plane alone. */
function decodeBmp(content: Uint8Array): string {
  if (content.length % 2 !== 0) throw malformed('a BMPString of odd length')
  let text = ''
  for (let at = 0; at < content.length; at += 2) {
    const unit = ((content[at] ?? 0) << 8) | (content[at + 1] ?? 0)
    if (unit >= 0xd800 && unit < 0xe000) throw malformed('a BMPString holds a surrogate')
    text += String.fromCharCode(unit)
  }
  return text
}

function valuesOf(parts: readonly (readonly Attribute[])[], oid: string): readonly string[] {
  const values: string[] = []
  for (const part of parts) for (const attribute of part) if (attribute.oid === oid) values.push(attribute.value)
  return values
}

/** RFC 4514, 2.4: what would end or split an attribute stands behind a backslash. */
function formatAttribute({ oid, value }: Attribute): string {
  const escaped = value.replace(/["+,;<>\\]|^[ #]| $/g, '\\$&')
  return `${SHORT_NAMES[oid] ?? oid}=${escaped}`
}

function malformed(what: string): MalformedError {
  return new MalformedError('X509_MALFORMED', `a name is malformed: ${what}`)
}
