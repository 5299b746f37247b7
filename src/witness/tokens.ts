/** Enrolment tokens: who may open logs for a host without showing evidence. The file holds digests, never tokens. @module */
import { equalBytes } from '../core/crypto/equal.ts'
import { sha256 } from '../core/crypto/index.ts'
import { decodeHex } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError } from '../errors.ts'

/** By host, the SHA-256 of each token that is good for it: more than one while a token is being replaced. */
export type EnrolmentTokens = ReadonlyMap<string, readonly Uint8Array[]>

const LINE = /^([a-z0-9.:[\]-]{1,255}) ([0-9a-f]{64})$/
const BEARER = /^Bearer ([\x21-\x7e]{16,512})$/i

/**
 * Lines `<host> <sha256 of the token, hex>`; empty lines and ones that begin with # are passed over.
 * @throws CountersignError ERR_CONFIG names the line
 */
export function decodeTokens(text: string): EnrolmentTokens {
  const tokens = new Map<string, readonly Uint8Array[]>()
  text.split('\n').forEach((line, i) => {
    if (line === '' || line.startsWith('#')) return
    const [, host, digest] = LINE.exec(line) ?? []
    if (host === undefined || digest === undefined)
      throw new CountersignError('ERR_CONFIG', `token file, line ${i + 1}: write "<host> <sha256 of the token in hex>"`)
    tokens.set(host, [...(tokens.get(host) ?? []), decodeHex(digest)])
  })
  return tokens
}

/** Whether an Authorization header carries a token of this host. Compared as digests, so that timing tells nothing of a token. */
export function tokenFits(tokens: EnrolmentTokens, host: string, authorization: string | undefined): boolean {
  const [, token] = BEARER.exec(authorization ?? '') ?? []
  if (token === undefined) return false
  const digest = sha256(encodeUtf8(token))
  return (tokens.get(host) ?? []).some((known) => equalBytes(known, digest))
}
