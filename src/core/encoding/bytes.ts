/** Byte strings: joining, comparing for order, hexadecimal. Comparing secrets is in crypto/equal. @module */
import { MalformedError } from '../../errors.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** Concatenates into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const out = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Octets `from` to `to`, not a copy; the whole as it is, since making a view costs more than looking at a few octets. */
export function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}

/** Whether both hold the same octets. Not constant-time: for public data only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether every octet is zero (true for none). */
export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return true
}

const HEX: Uint8Array = encodeUtf8('0123456789abcdef')

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  const letters = new Uint8Array(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    letters[2 * i] = HEX[byte >> 4] ?? 0
    letters[2 * i + 1] = HEX[byte & 15] ?? 0
  }
  return decodeUtf8(letters)
}

/**
 * Strict: lower case only, even length, nothing around it.
 * @throws MalformedError PARSE_INVALID
 */
export function decodeHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new MalformedError('PARSE_INVALID', 'not lower-case hexadecimal of even length')
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}
