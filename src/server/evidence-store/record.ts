/**
 * One quoted checkpoint as it lies at `log/<id>/evidence/<size>`: an archive whose endorsements are digests of octets stored once.
 *
 * A JSON collection like an archive, with the type tag `urn:countersign:evidence:1` and records `[media type, base64url, role]`:
 * `session` (the digest, as text), `statement`, `checkpoint` (the signed note), `quote-index` (decimal; absent without a leaf),
 * `evidence`; by reference `auxblob`, `eventlog` and those in `endorsements`: 32 octets of SHA-256 in place of the octets. @module
 */
import {
  CMW_CODES,
  CMW_ENDORSEMENTS,
  CMW_EVIDENCE,
  type CmwMessage,
  type CmwRecord,
  type CmwRole,
  decodeRecord,
  decodeRecordOf,
  encodeRecord,
  matchCollectionType,
} from '../../core/archive/cmw.ts'
import { decodeHex, encodeHex } from '../../core/encoding/bytes.ts'
import { decodeJson } from '../../core/encoding/json.ts'
import { ObjectReader } from '../../core/encoding/shape.ts'
import { decodeUtf8, encodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeStatement, STATEMENT_PROFILE } from '../../core/evidence/statement.ts'
import { decodeCheckpoint, decodeNote } from '../../core/log/index.ts'
import { AUXBLOB, EVENT_LOG, endorsementName, MAX_PARTS, type SharedPart } from './shared-parts.ts'
import type { EvidencePlace } from './types.ts'

export interface EvidenceRecord {
  /** `sha256:` of the session's octets, which lie at `session/<hex>`. */
  readonly session: string
  readonly statement: Uint8Array
  /** The quoted checkpoint with its signature. */
  readonly checkpoint: string
  /** Leaf of the quote. */
  readonly quoteIndex: number | undefined
  readonly evidence: CmwMessage
  readonly parts: readonly SharedPart[]
}

const RECORD_PROFILE = 'urn:countersign:evidence:1'
/** Octets of the largest record: a Nitro document or a TDX quote, a statement and a note. */
export const MAX_RECORD_SIZE: number = 128 * 1024
const STATEMENT_TYPE = `application/eat-ucs+json; eat_profile="${STATEMENT_PROFILE}"`
const TEXT_TYPE = 'text/plain; charset=utf-8'
const DIGEST_SIZE = 32
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

function text(value: string): CmwRecord {
  return encodeRecord({ mediaType: TEXT_TYPE, octets: encodeUtf8(value) }, CMW_EVIDENCE)
}

function reference({ mediaType, digest, role }: SharedPart): CmwRecord {
  return encodeRecord({ mediaType, octets: decodeHex(digest) }, role)
}

export function encodeEvidenceRecord(record: EvidenceRecord): Uint8Array {
  const { session, statement, checkpoint, quoteIndex, evidence, parts } = record
  const within = endorsementName('')
  const beside = parts.filter(({ name }) => !name.startsWith(within))
  const endorsements = parts.filter(({ name }) => name.startsWith(within))
  const collection = {
    __cmwc_t: RECORD_PROFILE,
    session: text(session),
    statement: encodeRecord({ mediaType: STATEMENT_TYPE, octets: statement }, CMW_EVIDENCE),
    checkpoint: text(checkpoint),
    ...(quoteIndex === undefined ? {} : { 'quote-index': text(String(quoteIndex)) }),
    evidence: encodeRecord(evidence, CMW_EVIDENCE),
    ...Object.fromEntries(beside.map((part) => [part.name, reference(part)])),
    ...(endorsements.length === 0
      ? {}
      : {
          endorsements: Object.fromEntries(
            endorsements.map((part) => [part.name.slice(within.length), reference(part)]),
          ),
        }),
  }
  return encodeUtf8(JSON.stringify(collection))
}

interface Named {
  readonly name: string
  /** As in {@link SharedPart}. */
  readonly as: string
  readonly role: CmwRole
}

function decodePart(reader: ObjectReader, { name, as, role }: Named): SharedPart {
  const { mediaType, octets } = decodeRecord(reader, name, role)
  if (octets.length !== DIGEST_SIZE) throw reader.invalid(name, 'must be a digest')
  return { name: as, mediaType, role, digest: encodeHex(octets) }
}

function decodeParts(reader: ObjectReader): readonly SharedPart[] {
  const parts = [AUXBLOB, EVENT_LOG]
    .filter((name) => reader.has(name))
    .map((name) => decodePart(reader, { name, as: name, role: CMW_EVIDENCE }))
  if (!reader.has('endorsements')) return parts
  const endorsements = reader.object('endorsements')
  const names = endorsements.keys()
  if (names.length === 0 || names.length > MAX_PARTS)
    throw reader.invalid('endorsements', `must hold 1 to ${MAX_PARTS} digests`)
  return [
    ...parts,
    ...names.map((name) => decodePart(endorsements, { name, as: endorsementName(name), role: CMW_ENDORSEMENTS })),
  ]
}

function decodeText(reader: ObjectReader, name: string): string {
  return decodeUtf8(decodeRecordOf(reader, name, CMW_EVIDENCE, TEXT_TYPE))
}

function decodeQuoteIndex(reader: ObjectReader): number | undefined {
  if (!reader.has('quote-index')) return undefined
  const digits = decodeText(reader, 'quote-index')
  if (!DECIMAL.test(digits) || !Number.isSafeInteger(Number(digits)))
    throw reader.invalid('quote-index', 'must be a decimal number')
  return Number(digits)
}

/** A record and where it stands, as its own statement says. */
export interface PlacedRecord {
  readonly record: EvidenceRecord
  readonly place: EvidencePlace
}

/**
 * The host's octets, held to one form. That the quote vouches for the statement is for whoever gets it to judge.
 * @throws MalformedError
 */
export function decodeEvidenceRecord(bytes: Uint8Array): PlacedRecord {
  const reader = new ObjectReader(decodeJson(bytes, { maxSize: MAX_RECORD_SIZE }), 'evidence record', CMW_CODES)
  matchCollectionType(reader, RECORD_PROFILE)
  const record: EvidenceRecord = {
    session: decodeText(reader, 'session'),
    statement: decodeRecordOf(reader, 'statement', CMW_EVIDENCE, STATEMENT_TYPE),
    checkpoint: decodeText(reader, 'checkpoint'),
    quoteIndex: decodeQuoteIndex(reader),
    evidence: decodeRecord(reader, 'evidence', CMW_EVIDENCE),
    parts: decodeParts(reader),
  }
  reader.end()
  const statement = decodeStatement(record.statement)
  // A note over another checkpoint would make every proof under this record fail at the client.
  if (decodeNote(record.checkpoint).text !== statement.checkpoint)
    throw reader.invalid('checkpoint', 'is not the one of the statement')
  if (statement.session !== record.session) throw reader.invalid('session', 'is not the one of the statement')
  const { size } = decodeCheckpoint(statement.checkpoint)
  if (record.quoteIndex !== undefined && record.quoteIndex < size)
    throw reader.invalid('quote-index', 'lies below the checkpoint that it quotes')
  const { session, quoteIndex } = record
  return { record, place: { size, session, iat: statement.iat, exp: statement.exp, quoteIndex } }
}
