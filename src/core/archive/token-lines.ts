/** Tokens as text: one a line, each line ended by a line feed. What a token is, whoever reads it judges. @module */
import { MalformedError } from '../../errors.ts'
import { decodeAscii, encodeUtf8 } from '../encoding/utf8.ts'

/** Steps of a run are counted in one octet, and the last one is the receipt itself. */
const MAX_TOKENS = 255

export function encodeTokenLines(tokens: readonly string[]): Uint8Array {
  return encodeUtf8(tokens.map((token) => `${token}\n`).join(''))
}

/** @throws MalformedError PARSE_INVALID, EVIDENCE_TOO_LARGE */
export function decodeTokenLines(bytes: Uint8Array, path: string): readonly string[] {
  const tokens = decodeAscii(bytes).split('\n')
  if (tokens.pop() !== '' || tokens.length === 0 || tokens.includes(''))
    throw new MalformedError('PARSE_INVALID', `${path} is not one token a line`)
  // Each is verified: a file full of signatures would cost more than all the rest.
  if (tokens.length > MAX_TOKENS) throw new MalformedError('EVIDENCE_TOO_LARGE', `${path} has more than ${MAX_TOKENS}`)
  return tokens
}
