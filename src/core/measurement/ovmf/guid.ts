/** GUIDs as firmware stores them: the first three groups little-endian, the other two as they are written (UEFI 2.10, appendix A). @module */
import { decodeHex, encodeHex } from '../../encoding/bytes.ts'

export const GUID_SIZE = 16

/** For each octet of the text's 32 digits, where it is stored. */
const ORDER: readonly number[] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

/** Lower-case text of 16 stored octets. */
export function decodeGuid(stored: Uint8Array): string {
  const hex = encodeHex(Uint8Array.from(ORDER, (at) => stored[at] ?? 0))
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/**
 * The 16 octets of a GUID written in lower case.
 * @throws MalformedError PARSE_INVALID
 */
export function encodeGuid(text: string): Uint8Array {
  const digits = decodeHex(text.replaceAll('-', ''))
  return Uint8Array.from(ORDER, (at) => digits[at] ?? 0)
}
