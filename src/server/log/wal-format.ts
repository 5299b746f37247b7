/** The write-ahead log as bytes: preamble and the decoding of groups. `group-buffer.ts` writes them, `group-chain.ts` judges them. @module */
import { crc32 } from 'node:zlib'
import { sha256 } from '../../core/crypto/index.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { decodeAscii, encodeUtf8 } from '../../core/encoding/utf8.ts'
import { Writer } from '../../core/encoding/writer.ts'
import { ENTRY_SIZE } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'

/*
 * Integers are little-endian.
 *
 * FILE  wal/0.wal
 *   0    8  magic "CSWAL" 00 00 01
 *   8    2  length n of the origin
 *  10    n  origin, ASCII: names the key that signs every group
 *        …  groups, back to back
 *
 * GROUP   all that one fdatasync made durable
 *   0    4  magic "CSG1"
 *   4    4  E, entries            E + I > 0
 *   8    4  I, intents
 *  12    4  R, records
 *  16    4  P, octets of the payload
 *  20    4  zero
 *  24    8  number of the group, from 0
 *  32    8  index in the log of the first entry
 *  40    8  seq of the first 0x01 entry: 0x01 entries before this group
 *  48   32  digest of the previous group: SHA-256 of its head and entries; zeros in group 0
 *  80   32  SHA-256 of the payload
 * 112  33E  entries, in clear
 *       64  Ed25519 by the log key over "urn:countersign:wal:1" 00 origin 00 head entries
 *        P  payload
 *        4  CRC-32 (IEEE) of all octets of the group before it
 *
 * PAYLOAD
 *      16I  intents: requests admitted, in order
 *           R records, in the order of their entries:
 *   0    4    ordinal of the entry within the group
 *   4   16    jti: the record is found by it
 *  20   16    intent that this receipt closes
 *  36    4    S
 *  40    S    the sealed receipt, opaque: AES-256-GCM under a key that only the client has
 *
 * Head and entries alone carry signature and chain, so a later issue may drop payloads (thinning) and still prove the entries. Now
 * each 0x01 entry has one record and no other entry has any; 0x05 entries may get theirs (recovery). Files that follow the first are
 * named by the number of their first group. A note never holds 00, so no group signature is one over a checkpoint, nor the reverse.
 * The disk is the host's: it may cut, repeat, swap or invent any of these octets.
 */

const FILE_MAGIC: Uint8Array = Uint8Array.of(0x43, 0x53, 0x57, 0x41, 0x4c, 0x00, 0x00, 0x01)
export const GROUP_MAGIC = 0x31475343
const SIGNATURE_TAG = 'urn:countersign:wal:1'
export const WAL_FILE = '0.wal'
export const HEAD_SIZE = 112
export const ID_SIZE = 16
export const SIGNATURE_SIZE = 64
export const CRC_SIZE = 4
/** Octets of a file before its first group, at most: enough to read the preamble at once. */
export const MAX_PREAMBLE_SIZE: number = 10 + 512

/** One sealed receipt and what it closes. */
export interface WalRecord {
  /** Place of its entry within the group. */
  readonly ordinal: number
  readonly jti: Uint8Array
  readonly intent: Uint8Array
  readonly sealed: Uint8Array
}

/** Where a group stands in its log. */
export interface GroupPosition {
  readonly number: number
  readonly firstIndex: number
  readonly firstSeq: number
  readonly previous: Uint8Array
}

export function encodePreamble(origin: string): Uint8Array {
  const name = encodeUtf8(origin)
  return concatBytes(FILE_MAGIC, new Writer(2).u16le(name.length).finish(), name)
}

/** @throws MalformedError PARSE_INVALID, EVIDENCE_TRUNCATED */
export function decodePreamble(bytes: Uint8Array): { readonly origin: string; readonly size: number } {
  const r = new Reader(bytes)
  if (!r.bytes('magic', FILE_MAGIC.length).every((octet, i) => octet === FILE_MAGIC[i]))
    throw new MalformedError('PARSE_INVALID', 'not a write-ahead log')
  const origin = decodeAscii(r.bytes('origin', r.u16le('length of the origin')))
  return { origin, size: r.offset }
}

/** What precedes head and entries under the signature of every group. */
export function signaturePrefix(origin: string): Uint8Array {
  return encodeUtf8(`${SIGNATURE_TAG}\0${origin}\0`)
}

/** The octets of a group, cut into what its signature, chain and content are checked on. */
export interface DecodedGroup extends GroupPosition {
  readonly entries: readonly Uint8Array[]
  readonly intents: readonly Uint8Array[]
  readonly records: readonly WalRecord[]
  /** Head and entries. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly digest: Uint8Array
}

/**
 * Octets of a whole group, from its first 112.
 * @throws MalformedError PARSE_INVALID, EVIDENCE_TRUNCATED
 */
export function decodeGroupSize(head: Uint8Array): number {
  const r = new Reader(head)
  if (r.u32le('magic') !== GROUP_MAGIC) throw new MalformedError('PARSE_INVALID', 'no group begins here')
  const entries = r.u32le('entries')
  r.skip('intents and records', 8)
  return HEAD_SIZE + entries * ENTRY_SIZE + SIGNATURE_SIZE + r.u32le('payload length') + CRC_SIZE
}

/**
 * Layout, CRC and payload digest. The disk is the host's: nothing here is trusted before chain and signature are checked.
 * @throws MalformedError
 */
export function decodeGroup(bytes: Uint8Array): DecodedGroup {
  if (bytes.length !== decodeGroupSize(bytes)) throw new MalformedError('PARSE_LENGTH', 'the group has another length')
  const end = bytes.length - CRC_SIZE
  if (new Reader(bytes.subarray(end)).u32le('crc') !== crc32(bytes.subarray(0, end)))
    throw new MalformedError('PARSE_INVALID', 'the group does not match its CRC')
  const r = new Reader(bytes.subarray(0, end))
  r.skip('magic', 4)
  const counts = { entries: r.u32le('E'), intents: r.u32le('I'), records: r.u32le('R') }
  const payloadSize = r.u32le('P')
  r.zero('reserved', 4)
  const number = safeInteger(r.u64le('number'))
  const firstIndex = safeInteger(r.u64le('first index'))
  const firstSeq = safeInteger(r.u64le('first seq'))
  const previous = r.bytes('previous', 32)
  const payloadDigest = r.bytes('payload digest', 32)
  const entries = Array.from({ length: counts.entries }, () => r.bytes('entry', ENTRY_SIZE))
  const signed = bytes.subarray(0, r.offset)
  const signature = r.bytes('signature', SIGNATURE_SIZE)
  const payload = r.bytes('payload', payloadSize)
  r.end()
  if (!sha256(payload).every((octet, i) => octet === payloadDigest[i]))
    throw new MalformedError('PARSE_INVALID', 'the payload does not match its digest')
  const digest = sha256(signed)
  return {
    number,
    firstIndex,
    firstSeq,
    previous,
    entries,
    ...decodePayload(payload, counts),
    signed,
    signature,
    digest,
  }
}

function decodePayload(
  payload: Uint8Array,
  counts: { readonly intents: number; readonly records: number },
): Pick<DecodedGroup, 'intents' | 'records'> {
  const r = new Reader(payload)
  const intents: Uint8Array[] = []
  const records: WalRecord[] = []
  while (intents.length < counts.intents) intents.push(r.bytes('intent', ID_SIZE))
  while (records.length < counts.records) {
    records.push({
      ordinal: r.u32le('ordinal'),
      jti: r.bytes('jti', ID_SIZE),
      intent: r.bytes('intent', ID_SIZE),
      sealed: r.bytes('sealed', r.u32le('length of a record')),
    })
  }
  r.end()
  return { intents, records }
}

function safeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedError('PARSE_LENGTH', 'a number beyond 2^53 - 1')
  return Number(value)
}
