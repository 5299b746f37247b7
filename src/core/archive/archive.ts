/**
 * One file that verifies offline: quote, session, statement, endorsements, and the receipt with its proof. wire.md section 6.
 *
 * A JSON collection of conceptual message wrappers (RFC 9999), `application/cmw+json`, `*.cmw.json`. Layout only: whoever hands an
 * archive over may have written all of it; trust comes from `verifyArchive`. @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { decodeJson } from '../encoding/json.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import { decodeAscii, decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import type { EndorsedQuote } from '../evidence/hardware.ts'
import { SESSION_TYPE } from '../evidence/session.ts'
import { STATEMENT_PROFILE } from '../evidence/statement.ts'
import { RECEIPT_TYPE } from '../receipt/receipt.ts'
import { MAX_SPLICES } from '../transform/splice.ts'
import {
  CMW_EVIDENCE,
  CMW_RESULTS,
  type CmwMessage,
  type CmwRecord,
  decodeRecord,
  decodeRecordOf,
  encodeRecord,
  matchCollectionType,
  openCollection,
} from './cmw.ts'
import { decodeHashLines, encodeHashLines } from './hash-lines.ts'
import { decodeQuoteRecords, encodeQuoteRecords } from './quote-records.ts'
import { decodeTokenLines, encodeTokenLines } from './token-lines.ts'

export const ARCHIVE_PROFILE = 'urn:countersign:archive:1'
export const ARCHIVE_TYPE = 'application/cmw+json'
/** Octets of the largest archive. */
export const MAX_ARCHIVE_SIZE: number = 1 << 20

/** What an archive holds, octets as they were signed. */
export interface Archive {
  readonly quote: EndorsedQuote
  readonly session: Uint8Array
  readonly statement: Uint8Array
  /** Token with those disclosures that its holder gives away. */
  readonly receipt?: string
  /** Tokens of the steps before that of the receipt, first step first. */
  readonly steps?: readonly string[]
  /** C2SP tlog-proof: of the receipt's leaf, or in an answer to a challenge of the nonce's. */
  readonly proof?: string
  /** C2SP tlog-proof of the quote's own leaf, in a later checkpoint that witnesses cosigned. */
  readonly quoteProof?: string
  /** Hashes from the quoted checkpoint to that of {@link quoteProof}. */
  readonly consistency?: readonly Uint8Array[]
  /** Preimage of the log's first leaf. */
  readonly genesis?: Uint8Array
  /** C2SP tlog-proof of the first leaf. */
  readonly genesisProof?: string
  /** Inserted octets of splices, by digest (`sha256:…`). */
  readonly inserts?: ReadonlyMap<string, Uint8Array>
  readonly request?: CmwMessage
  readonly response?: CmwMessage
  /** Claims of an attestation result, by whoever judged: for people, never an input of a judgement. */
  readonly result?: Uint8Array
}

const STATEMENT_TYPE = `application/eat-ucs+json; eat_profile="${STATEMENT_PROFILE}"`
const PROOF_TYPE = 'text/plain; charset=utf-8'
const CONSISTENCY_TYPE = 'text/plain; charset=us-ascii'
const STEPS_TYPE = 'text/plain; charset=us-ascii; profile="urn:countersign:steps:1"'
const GENESIS_TYPE = 'application/json; profile="urn:countersign:genesis:1"'
const RESULT_TYPE = 'application/eat-ucs+json; eat_profile="tag:ietf.org,2026:rats/ear#03"'
const INSERT_TYPE = 'application/octet-stream'
const INSERT_NAME = /^insert\/([0-9a-f]{64})$/

function evidence(mediaType: string, octets: Uint8Array): CmwRecord {
  return encodeRecord({ mediaType, octets }, CMW_EVIDENCE)
}

type Members = Readonly<Record<string, CmwRecord | Readonly<Record<string, CmwRecord>>>>

/** The members about the place in history: proofs, and the hashes between their checkpoints. */
function historyRecords({ proof, quoteProof, consistency, genesis, genesisProof }: Archive): Members {
  const proofs = { proof, 'quote-proof': quoteProof, 'genesis-proof': genesisProof }
  const given = Object.entries(proofs).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, evidence(PROOF_TYPE, encodeUtf8(text))] as const],
  )
  return {
    ...Object.fromEntries(given),
    ...(consistency === undefined ? {} : { consistency: evidence(CONSISTENCY_TYPE, encodeHashLines(consistency)) }),
    ...(genesis === undefined ? {} : { genesis: evidence(GENESIS_TYPE, genesis) }),
  }
}

/** @throws CountersignError ERR_USAGE when the archive would be larger than a reader takes */
export function encodeArchive(archive: Archive): Uint8Array {
  const { quote, session, statement, receipt, steps, inserts = new Map(), request, response, result } = archive
  const inserted = [...inserts].map(
    ([digest, octets]) => [`insert/${digest.slice('sha256:'.length)}`, evidence(INSERT_TYPE, octets)] as const,
  )
  const collection = {
    __cmwc_t: ARCHIVE_PROFILE,
    ...encodeQuoteRecords(quote),
    session: evidence(SESSION_TYPE, session),
    statement: evidence(STATEMENT_TYPE, statement),
    ...(receipt === undefined ? {} : { receipt: evidence(RECEIPT_TYPE, encodeUtf8(receipt)) }),
    ...(steps === undefined ? {} : { steps: evidence(STEPS_TYPE, encodeTokenLines(steps)) }),
    ...historyRecords(archive),
    ...Object.fromEntries(inserted),
    ...(request === undefined ? {} : { request: encodeRecord(request, CMW_EVIDENCE) }),
    ...(response === undefined ? {} : { response: encodeRecord(response, CMW_EVIDENCE) }),
    ...(result === undefined ? {} : { result: encodeRecord({ mediaType: RESULT_TYPE, octets: result }, CMW_RESULTS) }),
  }
  const bytes = encodeUtf8(JSON.stringify(collection))
  if (bytes.length > MAX_ARCHIVE_SIZE)
    throw new CountersignError('ERR_USAGE', `an archive has at most ${MAX_ARCHIVE_SIZE} octets`)
  return bytes
}

function decodeInserts(reader: ObjectReader): ReadonlyMap<string, Uint8Array> {
  const inserts = new Map<string, Uint8Array>()
  for (const name of reader.keys()) {
    const [, hex] = INSERT_NAME.exec(name) ?? []
    if (hex === undefined) continue
    // Each is hashed: a file full of small ones that no receipt names would cost more than all the rest.
    if (inserts.size === MAX_SPLICES)
      throw new MalformedError('EVIDENCE_TOO_LARGE', `an archive has at most ${MAX_SPLICES} inserts`)
    const octets = decodeRecordOf(reader, name, CMW_EVIDENCE, INSERT_TYPE)
    // The name is the attacker's as much as the octets: one that does not fit would pass as what the digest names.
    if (digestUri(octets) !== `sha256:${hex}`)
      throw new MalformedError('PARSE_INVALID', `archive.${name} does not hash to its name`)
    inserts.set(`sha256:${hex}`, octets)
  }
  return inserts
}

function decodeHistory(
  reader: ObjectReader,
): Pick<Archive, 'proof' | 'quoteProof' | 'consistency' | 'genesis' | 'genesisProof'> {
  const octetsOf = (name: string, type: string): Uint8Array => decodeRecordOf(reader, name, CMW_EVIDENCE, type)
  const textOf = (name: string): string => decodeUtf8(octetsOf(name, PROOF_TYPE))
  return {
    ...(reader.has('proof') ? { proof: textOf('proof') } : {}),
    ...(reader.has('quote-proof') ? { quoteProof: textOf('quote-proof') } : {}),
    ...(reader.has('genesis-proof') ? { genesisProof: textOf('genesis-proof') } : {}),
    ...(reader.has('consistency')
      ? { consistency: decodeHashLines(octetsOf('consistency', CONSISTENCY_TYPE), 'archive.consistency') }
      : {}),
    ...(reader.has('genesis') ? { genesis: octetsOf('genesis', GENESIS_TYPE) } : {}),
  }
}

/**
 * Each record has one form; members may stand in any order, as earlier releases wrote them.
 * @throws MalformedError EVIDENCE_TOO_LARGE, PARSE_*, JSON_*, CBOR_*, BASE64_STRICT, UTF8_INVALID
 */
export function decodeArchive(bytes: Uint8Array): Archive {
  const reader = openCollection(decodeJson(bytes, { maxSize: MAX_ARCHIVE_SIZE }), 'archive')
  matchCollectionType(reader, ARCHIVE_PROFILE)
  const octetsOf = (name: string, type: string): Uint8Array => decodeRecordOf(reader, name, CMW_EVIDENCE, type)
  const quote = decodeQuoteRecords(reader)
  const session = octetsOf('session', SESSION_TYPE)
  const statement = octetsOf('statement', STATEMENT_TYPE)
  const inserts = decodeInserts(reader)
  const archive: Archive = {
    quote,
    session,
    statement,
    ...(reader.has('receipt') ? { receipt: decodeAscii(octetsOf('receipt', RECEIPT_TYPE)) } : {}),
    ...(reader.has('steps') ? { steps: decodeTokenLines(octetsOf('steps', STEPS_TYPE), 'archive.steps') } : {}),
    ...decodeHistory(reader),
    ...(inserts.size === 0 ? {} : { inserts }),
    ...(reader.has('request') ? { request: decodeRecord(reader, 'request', CMW_EVIDENCE) } : {}),
    ...(reader.has('response') ? { response: decodeRecord(reader, 'response', CMW_EVIDENCE) } : {}),
    ...(reader.has('result') ? { result: decodeRecordOf(reader, 'result', CMW_RESULTS, RESULT_TYPE) } : {}),
  }
  reader.end()
  return archive
}
