/** What the witness keeps of one log. The folder is the witness's own, yet read strictly: a damaged record must not pass for another. @module */
import { sha256 } from '../core/crypto/index.ts'
import { encodeHex } from '../core/encoding/bytes.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../core/encoding/shape.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { type Checkpoint, decodeCheckpoint, decodeLogOrigin, decodeNote } from '../core/log/index.ts'

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }

/** The newest checkpoint that was cosigned. */
export interface Cosigned extends Checkpoint {
  /** Body, the log's signature, our cosignature. */
  readonly note: string
  /** Of that cosignature, seconds. */
  readonly time: number
}

export interface OriginRecord {
  readonly origin: string
  /** Its place in the list of its host. */
  readonly place: number
  /** Seconds: when it was enrolled. */
  readonly since: number
  readonly cosigned: Cosigned | undefined
}

/** Where the records of an origin lie: origins hold letters that names may not. */
export function originFolder(origin: string): string {
  return `origins/${digestName(origin)}`
}

/** Names a folder after text that strangers may have chosen. */
export function digestName(text: string): string {
  return encodeHex(sha256(encodeUtf8(text)))
}

export function encodeOriginRecord({ origin, place, since, cosigned }: OriginRecord): Uint8Array {
  const newest = cosigned === undefined ? null : { time: cosigned.time, note: cosigned.note }
  return encodeUtf8(`${JSON.stringify({ version: 1, origin, place, since, cosigned: newest })}\n`)
}

/** @throws MalformedError when the record is damaged */
export function decodeOriginRecord(bytes: Uint8Array): OriginRecord {
  const reader = new ObjectReader(decodeJson(bytes), 'origin', CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const origin = reader.string('origin')
  decodeLogOrigin(origin)
  const place = reader.integer('place')
  const since = reader.seconds('since')
  const cosigned = reader.value('cosigned') === null ? undefined : readCosigned(reader.object('cosigned'), origin)
  reader.end()
  return { origin, place, since, cosigned }
}

function readCosigned(reader: ObjectReader, origin: string): Cosigned {
  const note = reader.string('note')
  const time = reader.seconds('time')
  reader.end()
  const checkpoint = decodeCheckpoint(decodeNote(note).text)
  if (checkpoint.origin !== origin) throw reader.invalid('note', 'is of another origin')
  return { ...checkpoint, note, time }
}

/** One place in the list of a host. */
export interface HostEntry {
  readonly origin: string
  readonly since: number
}

export function encodeHostEntry({ origin, since }: HostEntry): Uint8Array {
  return encodeUtf8(`${JSON.stringify({ version: 1, origin, since })}\n`)
}

/** @throws MalformedError when the entry is damaged */
export function decodeHostEntry(bytes: Uint8Array): HostEntry {
  const reader = new ObjectReader(decodeJson(bytes), 'host entry', CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const entry = { origin: reader.string('origin'), since: reader.seconds('since') }
  reader.end()
  return entry
}
