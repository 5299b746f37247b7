/** The algorithm in a protected header of COSE (RFC 9052, 3.1), the one parameter that is understood. @module */
import { MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

/** ES384 of the COSE algorithms: ECDSA with SHA-384 (RFC 9053, 2.1). */
export const COSE_ES384: number = -35

/** `{1: -35}` in its one canonical encoding. */
const ES384_HEADER: Uint8Array = Uint8Array.of(0xa1, 0x01, 0x38, 0x22)

const MAJOR_UNSIGNED = 0
const MAJOR_NEGATIVE = 1
const MAJOR_MAP = 5
const LABEL_ALG = 1

/**
 * Reads a header that says `alg` and nothing else, by heads of any width, as lenient readers do: one that is not canonical must fail by
 * its signature where that was made over another spelling, and by {@link isCanonicalEs384} where it was not.
 * @returns the algorithm's number
 * @throws MalformedError COSE_ALG when `alg` is absent or no integer, or another parameter (`crit` too) stands beside it;
 *   CBOR_NOT_CANONICAL for an indefinite length; EVIDENCE_TRUNCATED, PARSE_TRAILING
 */
export function decodeCoseAlgorithm(protectedHeader: Uint8Array): number {
  const reader = new Reader(protectedHeader)
  if (reader.remaining === 0) throw forbidden('the protected header is empty')
  const map = readHead(reader)
  if (map.major !== MAJOR_MAP || map.argument !== 1) throw forbidden('the protected header is not a map of one entry')
  const label = readHead(reader)
  if (label.major !== MAJOR_UNSIGNED || label.argument !== LABEL_ALG)
    throw forbidden('the protected header has another parameter than alg')
  const value = readHead(reader)
  if (value.major !== MAJOR_UNSIGNED && value.major !== MAJOR_NEGATIVE) throw forbidden('alg is not an integer')
  reader.end()
  return value.major === MAJOR_NEGATIVE ? -1 - value.argument : value.argument
}

/** Whether the header is `{1: -35}` in the one encoding that is accepted. */
export function isCanonicalEs384(protectedHeader: Uint8Array): boolean {
  return sameBytes(protectedHeader, ES384_HEADER)
}

function readHead(reader: Reader): { readonly major: number; readonly argument: number } {
  const head = reader.u8('COSE header')
  return { major: head >> 5, argument: readArgument(reader, head & 0x1f) }
}

function readArgument(reader: Reader, info: number): number {
  if (info < 24) return info
  switch (info) {
    case 24:
      return reader.u8('COSE header')
    case 25:
      return reader.u16be('COSE header')
    case 26:
      return reader.u32be('COSE header')
    case 27:
      return Number(reader.u64be('COSE header'))
    default:
      throw new MalformedError('CBOR_NOT_CANONICAL', 'indefinite or reserved length in the protected header')
  }
}

function forbidden(what: string): MalformedError {
  return new MalformedError('COSE_ALG', what)
}
