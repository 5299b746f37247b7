/** A small DER writer: what it takes to make certificates of AMD's shape. It writes what it is told, wrong things too. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import {
  DER_BIT_STRING,
  DER_BOOLEAN,
  DER_IA5_STRING,
  DER_INTEGER,
  DER_NULL,
  DER_OCTET_STRING,
  DER_OID,
  DER_SEQUENCE,
  DER_SET,
  DER_UTF8_STRING,
} from '../core/encoding/der.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'

const DER_UTC_TIME = 0x17
const DER_GENERALIZED_TIME = 0x18

/** One element of any tag, with its minimal length. */
export function encodeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...content)
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(body.length)), body)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const octets = bigEndian(length)
  return [0x80 | octets.length, ...octets]
}

function bigEndian(value: number): readonly number[] {
  return value < 256 ? [value] : [...bigEndian(Math.floor(value / 256)), value % 256]
}

export function sequence(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_SEQUENCE, ...elements)
}

export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_SET, ...elements)
}

/** `[index] EXPLICIT`. */
export function explicit(index: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(0xa0 | index, ...elements)
}

/** A non-negative integer. */
export function unsigned(value: number): Uint8Array {
  const octets = bigEndian(value)
  return encodeDer(DER_INTEGER, Uint8Array.of(...((octets[0] ?? 0) >= 0x80 ? [0] : []), ...octets))
}

/** An INTEGER of exactly these content octets, well-formed or not. */
export function integerOctets(content: Uint8Array): Uint8Array {
  return encodeDer(DER_INTEGER, content)
}

export function booleanTrue(): Uint8Array {
  return encodeDer(DER_BOOLEAN, Uint8Array.of(0xff))
}

export function nullElement(): Uint8Array {
  return encodeDer(DER_NULL)
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return encodeDer(DER_OCTET_STRING, bytes)
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return encodeDer(DER_BIT_STRING, Uint8Array.of(unusedBits), bytes)
}

export function utf8String(text: string): Uint8Array {
  return encodeDer(DER_UTF8_STRING, encodeUtf8(text))
}

export function ia5String(text: string): Uint8Array {
  return encodeDer(DER_IA5_STRING, encodeUtf8(text))
}

/** @param dotted for example `2.5.4.3` */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encodeDer(DER_OID, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)))
}

function base128(arc: number): readonly number[] {
  const octets = [arc % 128]
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) octets.unshift(0x80 | (left % 128))
  return octets
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 asks; whole seconds. */
export function time(date: Date): Uint8Array {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  return date.getUTCFullYear() < 2050
    ? encodeDer(DER_UTC_TIME, encodeUtf8(digits.slice(2)))
    : encodeDer(DER_GENERALIZED_TIME, encodeUtf8(digits))
}
