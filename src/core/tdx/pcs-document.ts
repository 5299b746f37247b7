/** Responses of Intel's PCS: the signed value out of its wrapping, octet for octet. Nothing is verified. @module */
import { MalformedError } from '../../errors.ts'
import { decodeHex } from '../encoding/bytes.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader } from '../encoding/shape.ts'
import type { SignedDocument } from './collateral.ts'

const MAX_SIZE = 1 << 18
const SIGNATURE = /^[0-9a-fA-F]{128}$/
const CODES = { missing: 'JSON_INVALID', unknown: 'JSON_INVALID', invalid: 'JSON_INVALID' } as const

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: readonly number[] = [0x7b, 0x5b]
const CLOSING: readonly number[] = [0x7d, 0x5d]

/**
 * Takes the value of `member` and its signature out of a response `{"<member>":{…},"signature":"<hex>"}`.
 *
 * The value is cut out, never written anew: the signature covers its octets as they were served.
 * @param bytes the server's, or of whoever stands between
 * @throws MalformedError EVIDENCE_TOO_LARGE, JSON_* (two equal keys too), PARSE_TRAILING, PARSE_DEPTH, UTF8_INVALID
 */
export function decodePcsDocument(
  bytes: Uint8Array,
  member: 'tcbInfo' | 'enclaveIdentity',
): Pick<SignedDocument, 'body' | 'signature'> {
  const reader = new ObjectReader(decodeJson(bytes, { maxSize: MAX_SIZE, numbers: 'any' }), 'response', CODES)
  reader.object(member)
  const signature = decodeHex(reader.string('signature', SIGNATURE).toLowerCase())
  reader.end()
  return { body: cutObject(bytes, member), signature }
}

/**
 * The object behind the top-level key `member`. `bytes` are JSON already, so counting brackets outside strings finds its end.
 */
function cutObject(bytes: Uint8Array, member: string): Uint8Array {
  let depth = 0
  let start = -1
  let key = ''
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at] ?? 0
    if (octet === QUOTE) {
      const end = endOfString(bytes, at)
      if (depth === 1) key = letters(bytes.subarray(at + 1, end))
      at = end
    } else if (OPENING.includes(octet)) {
      if (depth === 1 && key === member) start = at
      depth++
    } else if (CLOSING.includes(octet)) {
      depth--
      if (depth === 1 && start >= 0) return bytes.slice(start, at + 1)
    }
  }
  // A key that is spelled with escapes: no server of Intel's writes one.
  throw new MalformedError('JSON_INVALID', `no plain key ${member}`)
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function letters(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => String.fromCharCode(octet)).join('')
}
