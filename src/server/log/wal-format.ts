/** The write-ahead log as bytes. `group-buffer.ts` writes groups, `wal-scan.ts` walks over them, `wal-laws.ts` judges them. @module */
import { crc32 } from 'node:zlib'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { decodeAscii, encodeUtf8 } from '../../core/encoding/utf8.ts'
import { Writer } from '../../core/encoding/writer.ts'
import { ENTRY_SIZE } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'

/*
 * Integers are little-endian. CRCs are CRC-32 (IEEE).
 *
 * SEGMENT  private/<id>/wal/<n>
 *   0    8  magic "CSWAL" 00 00 02
 *   8    4  number of the segment, n
 *  12    4  length m of the origin
 *  16   80  POSITION of the first group
 *  96    8  seconds of the group before it; zero in segment 0
 * 104    m  origin, ASCII: names the key that signs every group
 *        4  CRC of all octets before
 *        …  groups, back to back; behind the last one zeros: space that is reserved
 *
 * POSITION
 *   0    8  number of the group, from 0
 *   8    8  index in the log of its first entry
 *  16    8  seq of its first 0x01 entry: 0x01 entries before this group
 *  24    8  intents before this group
 *  32   16  zero
 *  48   32  digest of the group before: SHA-256 of its octets from the magic up to the signature; zeros in group 0
 *
 * GROUP   all that one fdatasync made durable
 *   0    4  magic "CSG2"
 *   4    4  E, entries            E + I > 0
 *   8    4  I, intents
 *  12    4  R, records
 *  16    4  S, octets of all sealed receipts
 *  20    4  zero
 *  24   80  POSITION
 * 104    8  seconds, by the clock of the gateway
 * 112    4  CRC of the head before it
 *      33E  entries, in clear
 *      16I  intents: requests admitted, in order
 *      44R  table of records, in the order of their entries
 *       64  Ed25519 by the log key over "urn:countersign:wal:2" 00 origin 00 and all octets of the group before it
 *        4  CRC of all octets of the group before it                                     here ends the index part
 *        S  sealed receipts in the order of the table, opaque: AES-256-GCM under a key that only the client has
 *        4  "CSGE"
 *
 * RECORD
 *   0    4  ordinal of the entry within the group
 *   4   16  jti: the record is found by it
 *  20   16  intent that this receipt closes
 *  36    4  octets of the sealed receipt
 *  40    4  CRC of the sealed receipt
 *
 * Each group names the digest of the one before, so one signature that verifies vouches for every index part in front of it. Sealed octets
 * are not part of that: they can be erased, and recovery need not read them. Each 0x01 entry has one record and no other entry has any.
 * A note never holds 00, so no group signature is one over a checkpoint, nor the reverse.
 * The disk is the host's: it may cut, repeat, swap or invent any of these octets. CRCs find accidents, not the host.
 */

const SEGMENT_MAGIC: Uint8Array = Uint8Array.of(0x43, 0x53, 0x57, 0x41, 0x4c, 0x00, 0x00, 0x02)
const SIGNATURE_TAG = 'urn:countersign:wal:2'
const MAX_ORIGIN_SIZE = 512
export const GROUP_MAGIC = 0x32475343
export const END_MARK = 0x45475343
export const HEAD_SIZE = 116
export const ID_SIZE = 16
export const RECORD_SIZE = 44
export const SIGNATURE_SIZE = 64
export const CRC_SIZE = 4
export const DIGEST_SIZE = 32
export const POSITION_SIZE = 80
/** Octets of a segment before its first group, without the origin. */
export const PREAMBLE_SIZE: number = 104 + CRC_SIZE
/** At most as many: enough to read the preamble at once. */
export const MAX_PREAMBLE_SIZE: number = PREAMBLE_SIZE + MAX_ORIGIN_SIZE

/** Where a group stands in its log. */
export interface GroupPosition {
  readonly number: number
  readonly firstIndex: number
  readonly firstSeq: number
  readonly firstIntent: number
  /** Digest of the group before. */
  readonly previous: Uint8Array
}

export const FIRST_POSITION: GroupPosition = {
  number: 0,
  firstIndex: 0,
  firstSeq: 0,
  firstIntent: 0,
  previous: new Uint8Array(DIGEST_SIZE),
}

/** What a segment begins with. */
export interface Preamble {
  readonly segment: number
  readonly origin: string
  readonly position: GroupPosition
  /** Seconds of the last group of the segment before. */
  readonly secondsBefore: number
}

export function encodePosition({ number, firstIndex, firstSeq, firstIntent, previous }: GroupPosition): Uint8Array {
  return new Writer(POSITION_SIZE)
    .u64le(BigInt(number))
    .u64le(BigInt(firstIndex))
    .u64le(BigInt(firstSeq))
    .u64le(BigInt(firstIntent))
    .zero(16)
    .bytes(previous)
    .finish()
}

function decodePosition(r: Reader): GroupPosition {
  const number = safeInteger(r.u64le('number'))
  const firstIndex = safeInteger(r.u64le('first index'))
  const firstSeq = safeInteger(r.u64le('first seq'))
  const firstIntent = safeInteger(r.u64le('first intent'))
  r.zero('reserved', 16)
  return { number, firstIndex, firstSeq, firstIntent, previous: r.bytes('previous', DIGEST_SIZE) }
}

export function encodePreamble({ segment, origin, position, secondsBefore }: Preamble): Uint8Array {
  const name = encodeUtf8(origin)
  const bytes = concatBytes(
    SEGMENT_MAGIC,
    new Writer(8).u32le(segment).u32le(name.length).finish(),
    encodePosition(position),
    new Writer(8).u64le(BigInt(secondsBefore)).finish(),
    name,
  )
  return concatBytes(bytes, new Writer(CRC_SIZE).u32le(crc32(bytes)).finish())
}

/** @throws MalformedError PARSE_INVALID, PARSE_LENGTH, PARSE_RESERVED, EVIDENCE_TRUNCATED */
export function decodePreamble(bytes: Uint8Array): Preamble & { readonly size: number } {
  const r = new Reader(bytes)
  if (!r.bytes('magic', SEGMENT_MAGIC.length).every((octet, i) => octet === SEGMENT_MAGIC[i]))
    throw new MalformedError('PARSE_INVALID', 'not a segment of a write-ahead log')
  const segment = r.u32le('segment')
  const length = r.u32le('length of the origin')
  if (length > MAX_ORIGIN_SIZE) throw new MalformedError('PARSE_LENGTH', 'the origin is too long')
  const position = decodePosition(r)
  const secondsBefore = safeInteger(r.u64le('seconds'))
  const origin = decodeAscii(r.bytes('origin', length))
  const checked = bytes.subarray(0, r.offset)
  if (r.u32le('crc') !== crc32(checked))
    throw new MalformedError('PARSE_INVALID', 'the preamble of a segment does not match its CRC')
  return { segment, origin, position, secondsBefore, size: r.offset }
}

/** What precedes the octets under the signature of every group. */
export function signaturePrefix(origin: string): Uint8Array {
  return encodeUtf8(`${SIGNATURE_TAG}\0${origin}\0`)
}

/** Counts and place of a group. */
export interface GroupHead extends GroupPosition {
  readonly entries: number
  readonly intents: number
  readonly records: number
  /** Octets of all sealed receipts. */
  readonly sealed: number
  readonly seconds: number
}

/**
 * The head of the group at `at`. Read by hand: recovery looks at millions of them.
 * @throws MalformedError for a head that does not match its CRC or has no such form
 */
export function decodeHead(bytes: Uint8Array, view: DataView, at: number): GroupHead {
  if (at + HEAD_SIZE > bytes.length) throw new MalformedError('EVIDENCE_TRUNCATED', 'the head of a group is cut')
  if (view.getUint32(at, true) !== GROUP_MAGIC) throw new MalformedError('PARSE_INVALID', 'no group begins here')
  const end = at + HEAD_SIZE - CRC_SIZE
  if (view.getUint32(end, true) !== crc32(bytes.subarray(at, end)))
    throw new MalformedError('PARSE_INVALID', 'the head of a group does not match its CRC')
  return {
    entries: view.getUint32(at + 4, true),
    intents: view.getUint32(at + 8, true),
    records: view.getUint32(at + 12, true),
    sealed: view.getUint32(at + 16, true),
    number: readNumber(view, at + 24),
    firstIndex: readNumber(view, at + 32),
    firstSeq: readNumber(view, at + 40),
    firstIntent: readNumber(view, at + 48),
    previous: bytes.subarray(at + 72, at + 104),
    seconds: readNumber(view, at + 104),
  }
}

function readNumber(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true)
  if (high >= 2 ** 21) throw new MalformedError('PARSE_LENGTH', 'a number beyond 2^53 - 1')
  return high * 2 ** 32 + view.getUint32(at, true)
}

/** Where the parts of a group begin, in octets from its start. */
export interface GroupLayout {
  readonly intents: number
  readonly table: number
  readonly signature: number
  /** First sealed octet: here the index part ends. */
  readonly sealed: number
  /** Octets of the whole group. */
  readonly size: number
}

export function layoutOf({
  entries,
  intents,
  records,
  sealed,
}: Pick<GroupHead, 'entries' | 'intents' | 'records' | 'sealed'>): GroupLayout {
  const intentsAt = HEAD_SIZE + entries * ENTRY_SIZE
  const table = intentsAt + intents * ID_SIZE
  const signature = table + records * RECORD_SIZE
  const sealedAt = signature + SIGNATURE_SIZE + CRC_SIZE
  return { intents: intentsAt, table, signature, sealed: sealedAt, size: sealedAt + sealed + CRC_SIZE }
}

function safeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedError('PARSE_LENGTH', 'a number beyond 2^53 - 1')
  return Number(value)
}
