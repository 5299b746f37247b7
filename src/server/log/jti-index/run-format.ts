/** Runs of the index from jti to place, as bytes. @module */
import { crc32 } from 'node:zlib'
import { Reader } from '../../../core/encoding/reader.ts'
import { Writer } from '../../../core/encoding/writer.ts'
import { MalformedError } from '../../../errors.ts'

/*
 * Integers are little-endian. All of it can be made again from the write-ahead log.
 *
 * RUN  private/<id>/index/<n>
 *   0    8  magic "CSIDX" 00 00 01
 *   8    4  N, entries
 *  12    4  CRC of all entries
 *  16    8  seq of the first receipt in it
 *  24    8  seq behind the last one: the run holds each receipt in between
 *  32    4  CRC of the octets before
 *  36    4  zero
 *  40  48N  entries, ascending by jti
 *
 * ENTRY
 *   0   16  jti
 *  16    4  segment of the write-ahead log
 *  20    4  offset of the sealed octets in it
 *  24    4  their length
 *  28    4  their CRC
 *  32    8  index of the leaf
 *  40    8  seq
 */

const MAGIC: Uint8Array = Uint8Array.of(0x43, 0x53, 0x49, 0x44, 0x58, 0x00, 0x00, 0x01)
export const RUN_HEADER_SIZE = 40
export const INDEX_ENTRY_SIZE = 48
export const JTI_SIZE = 16

/** Where a sealed receipt lies, and what it must be. */
export interface ReceiptPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
  readonly crc: number
  readonly index: number
  readonly seq: number
}

export interface RunHeader {
  readonly count: number
  readonly crc: number
  readonly fromSeq: number
  readonly toSeq: number
}

export function encodeRun(entries: Uint8Array, { fromSeq, toSeq }: { fromSeq: number; toSeq: number }): Uint8Array {
  const run = new Uint8Array(RUN_HEADER_SIZE + entries.length)
  run.set(entries, RUN_HEADER_SIZE)
  sealRun(run, { fromSeq, toSeq })
  return run
}

/** Writes the header in front of entries that stand already. */
export function sealRun(run: Uint8Array, { fromSeq, toSeq }: { fromSeq: number; toSeq: number }): void {
  const entries = run.subarray(RUN_HEADER_SIZE)
  const head = new Writer(32)
    .bytes(MAGIC)
    .u32le(entries.length / INDEX_ENTRY_SIZE)
    .u32le(crc32(entries))
    .u64le(BigInt(fromSeq))
    .u64le(BigInt(toSeq))
    .finish()
  run.set(head)
  run.set(new Writer(4).u32le(crc32(head)).finish(), head.length)
}

/** @throws MalformedError */
export function decodeRunHeader(bytes: Uint8Array): RunHeader {
  const r = new Reader(bytes.subarray(0, RUN_HEADER_SIZE))
  if (!r.bytes('magic', MAGIC.length).every((octet, i) => octet === MAGIC[i]))
    throw new MalformedError('PARSE_INVALID', 'not a run of an index')
  const count = r.u32le('entries')
  const crc = r.u32le('crc of the entries')
  const fromSeq = Number(r.u64le('first seq'))
  const toSeq = Number(r.u64le('seq behind the last'))
  if (r.u32le('crc') !== crc32(bytes.subarray(0, 32)))
    throw new MalformedError('PARSE_INVALID', 'the head of a run does not match its CRC')
  r.zero('reserved', 4)
  r.end()
  if (toSeq - fromSeq !== count) throw new MalformedError('PARSE_LENGTH', 'a run does not hold each of its receipts')
  return { count, crc, fromSeq, toSeq }
}

/** Octets that hold entries, with one view over all of them. */
export class EntryTable {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  write(slot: number, jti: Uint8Array, { segment, offset, length, crc, index, seq }: ReceiptPlace): void {
    const at = slot * INDEX_ENTRY_SIZE
    this.bytes.set(jti, at)
    this.#view.setUint32(at + 16, segment, true)
    this.#view.setUint32(at + 20, offset, true)
    this.#view.setUint32(at + 24, length, true)
    this.#view.setUint32(at + 28, crc, true)
    this.#setNumber(at + 32, index)
    this.#setNumber(at + 40, seq)
  }

  place(slot: number): ReceiptPlace {
    const at = slot * INDEX_ENTRY_SIZE
    return {
      segment: this.#view.getUint32(at + 16, true),
      offset: this.#view.getUint32(at + 20, true),
      length: this.#view.getUint32(at + 24, true),
      crc: this.#view.getUint32(at + 28, true),
      index: this.#getNumber(at + 32),
      seq: this.#getNumber(at + 40),
    }
  }

  /** The first 48 bits of a jti as a number: keys are uniform, so it says about where an entry stands. */
  prefix(slot: number): number {
    const at = slot * INDEX_ENTRY_SIZE
    return this.#view.getUint32(at) * 0x10000 + this.#view.getUint16(at + 4)
  }

  /** Below, at or above zero as the jti at `slot` stands before, at or behind `key`. */
  compare(slot: number, key: Uint8Array): number {
    const at = slot * INDEX_ENTRY_SIZE
    for (let i = 0; i < JTI_SIZE; i++) {
      const difference = (this.bytes[at + i] ?? 0) - (key[i] ?? 0)
      if (difference !== 0) return difference
    }
    return 0
  }

  jti(slot: number): Uint8Array {
    return this.bytes.subarray(slot * INDEX_ENTRY_SIZE, slot * INDEX_ENTRY_SIZE + JTI_SIZE)
  }

  entry(slot: number): Uint8Array {
    return this.bytes.subarray(slot * INDEX_ENTRY_SIZE, (slot + 1) * INDEX_ENTRY_SIZE)
  }

  #setNumber(at: number, value: number): void {
    this.#view.setUint32(at, value % 2 ** 32, true)
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
  }

  #getNumber(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32
  }
}

/** The first 48 bits of a key. */
export function keyPrefix(key: Uint8Array): number {
  let prefix = 0
  for (let i = 0; i < 6; i++) prefix = prefix * 256 + (key[i] ?? 0)
  return prefix
}
