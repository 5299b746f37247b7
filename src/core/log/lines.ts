/** The strict pieces that checkpoint, note and proof share: each text has one reading, and each value one text. @module */
import { MalformedError } from '../../errors.ts'
import { decodeBase64 } from '../encoding/base64.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import type { FailureCode } from '../failure-codes.ts'
import { HASH_SIZE } from './merkle.ts'

/** Runs a decoder and reports its refusal under the code of the format at hand. */
export function refuseAs<T>(code: FailureCode, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedError) throw new MalformedError(code, error.message, { cause: error })
    throw error
  }
}

/** Well-formed text of at most `limit` octets without control characters but line feeds (which refuses CRLF). */
export function decodeText(source: string | Uint8Array, limit: number, code: FailureCode): string {
  // The limit comes first: nothing is decoded or allocated for a text that is too long anyway.
  if (source.length > limit) throw new MalformedError(code, `text longer than ${limit} octets`)
  const text = refuseAs(code, () => (typeof source === 'string' ? checkUnicode(source) : decodeUtf8(source)))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u0009\u000b-\u001f\u007f]/.test(text)) throw new MalformedError(code, 'control characters in the text')
  return text
}

function checkUnicode(text: string): string {
  encodeUtf8(text)
  return text
}

/** A decimal number without sign or leading zeros, up to 2^53 - 1. */
export function decodeDecimal(text: string, field: string, code: FailureCode): number {
  const value = Number(text)
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(value))
    throw new MalformedError(code, `${field} is not a plain decimal number`)
  return value
}

/** A SHA-256 in padded base64: 44 letters, one spelling. */
export function decodeHash(text: string, field: string, code: FailureCode): Uint8Array {
  const hash = refuseAs(code, () => decodeBase64(text))
  if (hash.length !== HASH_SIZE) throw new MalformedError(code, `${field} is not 32 octets`)
  return hash
}
