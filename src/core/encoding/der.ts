/** DER (X.690) reading: tags, minimal definite lengths, exact ends. Enough for certificates and their vendor extensions. @module */
import { MalformedError } from '../../errors.ts'

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

function truncated(start: number): MalformedError {
  return new MalformedError('EVIDENCE_TRUNCATED', `the DER element at ${start} ends beyond its octets`)
}

/** Where an element's content begins and ends. Lengths are checked against what is there before anything is made of them. */
function readBounds(bytes: Uint8Array, start: number): { readonly begin: number; readonly end: number } {
  if (start + 2 > bytes.length) throw truncated(start)
  if (((bytes[start] ?? 0) & 0x1f) === 0x1f) throw invalid('multi-octet tag')
  const first = bytes[start + 1] ?? 0
  const octets = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || octets > 4) throw invalid('indefinite or oversized length')
  const begin = start + 2 + octets
  if (begin > bytes.length) throw truncated(start)
  let length = octets === 0 ? first : 0
  for (let at = start + 2; at < begin; at++) length = length * 256 + (bytes[at] ?? 0)
  if (octets > 0 && (length < 0x80 || length < 256 ** (octets - 1))) throw invalid('length is not minimal')
  if (begin + length > bytes.length) throw truncated(start)
  return { begin, end: begin + length }
}

function readElement(bytes: Uint8Array, start: number, { begin, end }: { begin: number; end: number }): DerElement {
  return { tag: bytes[start] ?? 0, content: bytes.subarray(begin, end), raw: bytes.subarray(start, end) }
}

/** A `subarray` of a Node Buffer would be one too, whose `slice` does not copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * The elements that `bytes` consists of, to its end.
 * @param limit how many there may be at most; none beyond is read
 * @throws MalformedError DER_INVALID, EVIDENCE_TRUNCATED
 */
export function decodeDerElements(bytes: Uint8Array, limit: number = Number.POSITIVE_INFINITY): readonly DerElement[] {
  const source = plain(bytes)
  const elements: DerElement[] = []
  for (let start = 0; start < source.length; ) {
    if (elements.length >= limit) throw invalid(`more than ${limit} elements`)
    const bounds = readBounds(source, start)
    elements.push(readElement(source, start, bounds))
    start = bounds.end
  }
  return elements
}

/** The one element that `bytes` is; its tag must be `tag`. @throws MalformedError DER_INVALID, EVIDENCE_TRUNCATED, PARSE_TRAILING */
export function decodeDer(bytes: Uint8Array, tag: number): DerElement {
  const source = plain(bytes)
  const bounds = readBounds(source, 0)
  if (bounds.end !== source.length)
    throw new MalformedError('PARSE_TRAILING', `${source.length - bounds.end} bytes after the end`)
  const element = readElement(source, 0, bounds)
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
  let text = ''
  let value = 0
  let fresh = true
  for (let i = 0; i < content.length; i++) {
    const byte = content[i] ?? 0
    if (fresh && byte === 0x80) throw invalid('OID arc is not minimal')
    value = value * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(value)) throw invalid('OID arc out of range')
    fresh = byte < 0x80
    if (fresh) {
      text += text === '' ? firstArcs(value) : `.${value}`
      value = 0
    }
  }
  if (text === '' || !fresh) throw invalid('OID is cut')
  return text
}

/** The first two arcs share an integer. X.690, 8.19.4. */
function firstArcs(value: number): string {
  const root = Math.min(2, Math.floor(value / 40))
  return `${root}.${value - 40 * root}`
}
