/**
 * Log entries: one octet of type and one SHA-256, constant length, so that the log shows how many and which kind, nothing else.
 *
 * ```
 * offset size
 *      0    1  type: 00 genesis, 01 receipt, 02 quote, 03 epoch, 04 nonce, 05 recovered
 *      1   32  SHA-256 of the preimage
 * ```
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sha256 } from '../crypto/index.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

/** Octets of every entry. */
export const ENTRY_SIZE = 33

/**
 * Type octets (wire.md section 4). Preimages: `genesis` JCS of the genesis record; `receipt` the JWS, ASCII; `quote` the bare quote with
 * its signature; `epoch` JCS of the epoch record; `nonce` the decoded nonce; `recovered` a JWS found in the previous boot's write-ahead log.
 */
export const ENTRY_TYPES = {
  genesis: 0x00,
  receipt: 0x01,
  quote: 0x02,
  epoch: 0x03,
  nonce: 0x04,
  recovered: 0x05,
} as const

export type EntryType = keyof typeof ENTRY_TYPES

export interface LogEntry {
  readonly type: EntryType
  /** SHA-256 of the preimage, 32 octets. */
  readonly digest: Uint8Array
}

const TYPE_NAMES: readonly EntryType[] = ['genesis', 'receipt', 'quote', 'epoch', 'nonce', 'recovered']

/** The 33 octets of an entry whose digest is known. */
export function encodeEntry({ type, digest }: LogEntry): Uint8Array {
  if (digest.length !== ENTRY_SIZE - 1) throw new CountersignError('ERR_USAGE', 'an entry digest has 32 octets')
  return concatBytes(Uint8Array.of(ENTRY_TYPES[type]), digest)
}

/** The 33 octets of the entry over `preimage`. */
export function createEntry(type: EntryType, preimage: Uint8Array): Uint8Array {
  return encodeEntry({ type, digest: sha256(preimage) })
}

/**
 * Layout only: whether a log holds the entry is for `verifyInclusion` to say.
 * @throws MalformedError EVIDENCE_TRUNCATED, PARSE_TRAILING, PARSE_INVALID (unknown type)
 */
export function decodeEntry(bytes: Uint8Array): LogEntry {
  const r = new Reader(bytes)
  const octet = r.u8('type')
  const digest = r.bytes('digest', ENTRY_SIZE - 1)
  r.end()
  const type = TYPE_NAMES[octet]
  if (type === undefined) throw new MalformedError('PARSE_INVALID', `log entry of unknown type ${octet}`)
  return { type, digest }
}
