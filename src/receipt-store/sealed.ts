/**
 * What is stored, with the digest that shows accidents. Not attackers: whoever can write to the storage can also digest, and what a store
 * gives is proven by receipts, archives and the log's own signature.
 *
 * ```
 * <format> <64 hex digits of SHA-256 over all that follows> LF
 * …
 * ```
 * @module
 */
import { sha256 } from '../core/crypto/index.ts'
import { concatBytes, encodeHex } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'

const DIGEST_DIGITS = 64

function headOf(format: string, content: Uint8Array): Uint8Array {
  return encodeUtf8(`${format} ${encodeHex(sha256(content))}\n`)
}

export function seal(format: string, content: Uint8Array): Uint8Array {
  return concatBytes(headOf(format, content), content)
}

/** Undefined for octets that are cut, altered or of another format. */
export function unseal(format: string, octets: Uint8Array): Uint8Array | undefined {
  const content = octets.subarray(format.length + DIGEST_DIGITS + 2)
  const head = headOf(format, content)
  return head.length <= octets.length && head.every((octet, at) => octet === octets[at]) ? content : undefined
}
