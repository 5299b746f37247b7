/** Hashes of a proof as text: padded base64, one a line, each line ended by a line feed, as in C2SP add-checkpoint requests. @module */
import { MalformedError } from '../../errors.ts'
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts'
import { decodeAscii, encodeUtf8 } from '../encoding/utf8.ts'
import { HASH_SIZE } from '../log/index.ts'

/** c2sp.org/tlog-witness: no consistency proof has more. */
const MAX_HASHES = 63
const LINE_SIZE = 45

/** One line for each hash; nothing for none. */
export function encodeHashLines(hashes: readonly Uint8Array[]): Uint8Array {
  return encodeUtf8(hashes.map((hash) => `${encodeBase64(hash)}\n`).join(''))
}

/** @throws MalformedError PARSE_INVALID, BASE64_STRICT */
export function decodeHashLines(bytes: Uint8Array, path: string): readonly Uint8Array[] {
  if (bytes.length > MAX_HASHES * LINE_SIZE)
    throw new MalformedError('PARSE_INVALID', `${path} has more than ${MAX_HASHES} hashes`)
  const lines = decodeAscii(bytes).split('\n')
  if (lines.pop() !== '') throw new MalformedError('PARSE_INVALID', `${path} does not end in a line feed`)
  return lines.map((line) => {
    const hash = decodeBase64(line)
    if (hash.length !== HASH_SIZE) throw new MalformedError('PARSE_INVALID', `${path}: a hash is not 32 octets`)
    return hash
  })
}
