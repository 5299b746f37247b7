/** Strict base64 and base64url: one text per byte string, nothing else decodes. @module */
import { MalformedError } from '../../errors.ts'
import { decodeUtf8 } from './utf8.ts'

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function letters(alphabet: string): Uint8Array {
  return Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0))
}

const STANDARD_LETTERS = letters(STANDARD)
const URL_SAFE_LETTERS = letters(URL_SAFE)

function inverse(alphabet: string): Int16Array {
  const table = new Int16Array(128).fill(-1)
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

const STANDARD_INVERSE = inverse(STANDARD)
const URL_SAFE_INVERSE = inverse(URL_SAFE)

/** Octets that are encoded at a time: a multiple of three. */
const PORTION = 6144
/** Letters of one portion. Reused: joining text letter by letter leaves more garbage than a whole answer does. */
const scratch = new Uint8Array((PORTION / 3) * 4)

function encodePortion(bytes: Uint8Array, from: number, table: Uint8Array): string {
  const end = Math.min(bytes.length, from + PORTION)
  let at = 0
  for (let i = from; i < end; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    scratch[at++] = table[bits >> 18] ?? 0
    scratch[at++] = table[(bits >> 12) & 63] ?? 0
    scratch[at++] = table[(bits >> 6) & 63] ?? 0
    scratch[at++] = table[bits & 63] ?? 0
  }
  return decodeUtf8(scratch.subarray(0, Math.ceil(((end - from) * 4) / 3)))
}

function encode(bytes: Uint8Array, table: Uint8Array): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += PORTION) text += encodePortion(bytes, from, table)
  return text
}

function decode(text: string, table: Int16Array): Uint8Array {
  const rest = text.length % 4
  if (rest === 1) throw new MalformedError('BASE64_STRICT', 'base64 of impossible length')
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  const whole = text.length - rest
  const valueAt = (i: number): number => table[text.charCodeAt(i)] ?? -1
  let offset = 0
  // A letter outside the alphabet is -1: it stays negative in whatever it is joined with.
  let joined = 0
  for (let i = 0; i < whole; i += 4) {
    const bits = (valueAt(i) << 18) | (valueAt(i + 1) << 12) | (valueAt(i + 2) << 6) | valueAt(i + 3)
    joined |= bits
    out[offset++] = bits >> 16
    out[offset++] = bits >> 8
    out[offset++] = bits
  }
  // Loose bits would give one byte string several texts: an attacker could vary a signed token without breaking it.
  let loose = 0
  if (rest > 0) {
    const bits = (valueAt(whole) << 12) | (valueAt(whole + 1) << 6) | (rest === 3 ? valueAt(whole + 2) : 0)
    joined |= bits
    out[offset++] = bits >> 10
    if (rest === 3) out[offset++] = bits >> 2
    loose = bits & (rest === 3 ? 0x3 : 0x3ff)
  }
  if (joined < 0) throw new MalformedError('BASE64_STRICT', 'letter outside the base64 alphabet')
  if (loose !== 0) throw new MalformedError('BASE64_STRICT', 'loose trailing bits')
  return out
}

/** Base64url without padding (RFC 4648 section 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE_LETTERS)
}

/** @throws MalformedError BASE64_STRICT on padding, white space, foreign letters or loose bits */
export function decodeBase64Url(text: string): Uint8Array {
  return decode(text, URL_SAFE_INVERSE)
}

/** Base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD_LETTERS)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** @throws MalformedError BASE64_STRICT when padding is missing or wrong, and as in {@link decodeBase64Url} */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new MalformedError('BASE64_STRICT', 'base64 without its padding')
  const unpadded = text.endsWith('==') ? text.slice(0, -2) : text.endsWith('=') ? text.slice(0, -1) : text
  return decode(unpadded, STANDARD_INVERSE)
}
