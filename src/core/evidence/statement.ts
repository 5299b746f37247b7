/** The statement: one per quote; carries the newest checkpoint; its hash is the quote's report data. wire.md section 1. @module */
import { sha512 } from '../crypto/index.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { DIGEST_URI } from './resource-descriptor.ts'

export const STATEMENT_PROFILE = 'urn:countersign:statement:1'
/** Longest life of a statement, seconds. */
export const STATEMENT_MAX_LIFE: number = 24 * 60 * 60
/** Longest life of a statement under a Nitro document, whose certificate lives as long. */
export const NITRO_STATEMENT_MAX_LIFE: number = 3 * 60 * 60
const MAX_STATEMENT_SIZE = 16 * 1024
const CODES: ShapeCodes = { missing: 'STATEMENT_INVALID', unknown: 'STATEMENT_INVALID', invalid: 'STATEMENT_INVALID' }

/** `intents = receipts + open`, all counted at the instant of the checkpoint. */
export interface Counts {
  readonly intents: number
  readonly receipts: number
  readonly open: number
}

export interface Statement {
  readonly eat_profile: typeof STATEMENT_PROFILE
  /** Seconds since 1970, by the host's clock. */
  readonly iat: number
  readonly exp: number
  /** `sha256:` of the session's octets. */
  readonly session: string
  readonly counts: Counts
  /** C2SP checkpoint body, verbatim, with its final newline. */
  readonly checkpoint: string
}

/** The statement's octets, kept verbatim from here on. */
export function encodeStatement(statement: Statement): Uint8Array {
  return encodeUtf8(JSON.stringify(statement))
}

/** @throws MalformedError STATEMENT_INVALID, JSON_*, UTF8_INVALID */
export function decodeStatement(bytes: Uint8Array): Statement {
  const reader = new ObjectReader(decodeJson(bytes, { maxSize: MAX_STATEMENT_SIZE }), 'statement', CODES)
  const eatProfile = reader.oneOf('eat_profile', [STATEMENT_PROFILE])
  const iat = reader.seconds('iat')
  const exp = reader.seconds('exp')
  if (exp <= iat || exp - iat > STATEMENT_MAX_LIFE)
    throw reader.invalid('exp', `must be after iat and at most ${STATEMENT_MAX_LIFE} s later`)
  const session = reader.string('session', DIGEST_URI)
  const counts = reader.object('counts')
  const intents = counts.integer('intents')
  const receipts = counts.integer('receipts')
  const open = counts.integer('open')
  if (intents !== receipts + open) throw counts.invalid('intents', 'must be receipts + open')
  counts.end()
  const checkpoint = reader.string('checkpoint', /\n$/)
  reader.end()
  return { eat_profile: eatProfile, iat, exp, session, counts: { intents, receipts, open }, checkpoint }
}

/**
 * The 64 octets that the quote commits to: SHA-512(profile || 0x00 || statement octets).
 * The profile and the zero octet separate this use of a quote from every other.
 */
export function statementReportData(statement: Uint8Array): Uint8Array {
  return sha512(encodeUtf8(STATEMENT_PROFILE), Uint8Array.of(0), statement)
}
