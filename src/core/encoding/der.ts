/** DER (X.690) reading: tags, minimal definite lengths, exact ends. Enough for certificates and their vendor extensions. @module */
import { MalformedError } from '../../errors.ts'
import { Reader } from './reader.ts'

export const DER_BOOLEAN = 0x01
export const DER_INTEGER = 0x02
export const DER_BIT_STRING = 0x03
export const DER_OCTET_STRING = 0x04
export const DER_NULL = 0x05
export const DER_OID = 0x06
export const DER_UTF8_STRING = 0x0c
export const DER_IA5_STRING = 0x16
export const DER_SEQUENCE = 0x30
export const DER_SET = 0x31

/** One element: `raw` is tag, length and content; `content` the content alone. Both are views of the octets that were read. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
  readonly raw: Uint8Array
}

function invalid(what: string): MalformedError {
  return new MalformedError('DER_INVALID', what)
}

function readLength(reader: Reader): number {
  const first = reader.u8('DER length')
  if (first < 0x80) return first
  const octets = first & 0x7f
  if (octets === 0 || octets > 4) throw invalid('indefinite or oversized length')
  let length = 0
  for (let i = 0; i < octets; i++) length = length * 256 + reader.u8('DER length')
  if (length < 0x80 || length < 256 ** (octets - 1)) throw invalid('length is not minimal')
  return length
}

function readElement(reader: Reader): DerElement {
  const start = reader.offset
  const tag = reader.u8('DER tag')
  if ((tag & 0x1f) === 0x1f) throw invalid('multi-octet tag')
  const length = readLength(reader)
  const content = reader.view('DER content', length)
  return { tag, content, raw: reader.viewFrom(start) }
}

/**
 * The elements that `bytes` consists of, to its end.
 * @param limit how many there may be at most; none beyond is read
 * @throws MalformedError DER_INVALID, EVIDENCE_TRUNCATED
 */
export function decodeDerElements(bytes: Uint8Array, limit: number = Number.POSITIVE_INFINITY): readonly DerElement[] {
  const reader = new Reader(bytes)
  const elements: DerElement[] = []
  while (reader.remaining > 0) {
    if (elements.length >= limit) throw invalid(`more than ${limit} elements`)
    elements.push(readElement(reader))
  }
  return elements
}

/** The one element that `bytes` is; its tag must be `tag`. */
export function decodeDer(bytes: Uint8Array, tag: number): DerElement {
  const reader = new Reader(bytes)
  const element = readElement(reader)
  reader.end()
  if (element.tag !== tag) throw invalid(`tag ${element.tag} where ${tag} is due`)
  return element
}

/** A non-negative INTEGER up to 2^53 - 1 from its content octets. */
export function decodeDerUnsigned(content: Uint8Array): number {
  const first = content[0]
  if (first === undefined) throw invalid('empty INTEGER')
  if (first >= 0x80) throw invalid('negative INTEGER')
  if (first === 0 && content.length > 1 && (content[1] ?? 0) < 0x80) throw invalid('INTEGER is not minimal')
  let value = 0
  for (const byte of content) value = value * 256 + byte
  if (!Number.isSafeInteger(value)) throw invalid('INTEGER out of range')
  return value
}

/** An OBJECT IDENTIFIER in dotted form from its content octets. */
export function decodeDerOid(content: Uint8Array): string {
  const arcs: number[] = []
  let value = 0
  let fresh = true
  for (const byte of content) {
    if (fresh && byte === 0x80) throw invalid('OID arc is not minimal')
    value = value * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(value)) throw invalid('OID arc out of range')
    fresh = byte < 0x80
    if (fresh) {
      arcs.push(value)
      value = 0
    }
  }
  const first = arcs[0]
  if (first === undefined || !fresh) throw invalid('OID is cut')
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - 40 * root, ...arcs.slice(1)].join('.')
}
