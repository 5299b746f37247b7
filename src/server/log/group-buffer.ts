/** Collects the octets of one group as they come, and lays it out when its turn has come. See `wal-format.ts`. @module */
import { crc32 } from 'node:zlib'
import { sha256 } from '../../core/crypto/index.ts'
import { Writer } from '../../core/encoding/writer.ts'
import { ENTRY_SIZE } from '../../core/log/index.ts'
import {
  CRC_SIZE,
  GROUP_MAGIC,
  type GroupPosition,
  HEAD_SIZE,
  ID_SIZE,
  SIGNATURE_SIZE,
  type WalRecord,
} from './wal-format.ts'

const FIRST_CAPACITY = 4_096

/** Where the sealed octets of a record are, once the group is laid out. */
export interface SealedSpan {
  /** Octets from the start of the group. */
  readonly offset: number
  readonly length: number
}

export interface EncodedGroup {
  readonly bytes: Uint8Array
  /** What the next group names as its previous one. */
  readonly digest: Uint8Array
}

/** Everything is copied in at once: the caller may reuse its arrays, and a busy log makes no garbage of its own. */
export class GroupBuffer {
  readonly #entries: GrowingBytes = new GrowingBytes()
  readonly #intents: GrowingBytes = new GrowingBytes()
  readonly #records: GrowingBytes = new GrowingBytes()
  readonly #sealedEnds: number[] = []
  readonly #sealedSizes: number[] = []

  get entryCount(): number {
    return this.#entries.size / ENTRY_SIZE
  }

  get intentCount(): number {
    return this.#intents.size / ID_SIZE
  }

  get recordCount(): number {
    return this.#sealedEnds.length
  }

  addEntry(entry: Uint8Array): void {
    this.#entries.append(entry)
  }

  addIntent(intent: Uint8Array): void {
    this.#intents.append(intent)
  }

  /** Adds a receipt: its entry and its record. */
  addReceipt(entry: Uint8Array, { jti, intent, sealed }: Omit<WalRecord, 'ordinal'>): void {
    this.#records.appendU32(this.entryCount)
    this.#records.append(jti)
    this.#records.append(intent)
    this.#records.appendU32(sealed.length)
    this.#records.append(sealed)
    this.#sealedEnds.push(this.#records.size)
    this.#sealedSizes.push(sealed.length)
    this.addEntry(entry)
  }

  /** The entries so far, as views. */
  *entries(): Generator<Uint8Array> {
    const bytes = this.#entries.view()
    for (let at = 0; at < bytes.length; at += ENTRY_SIZE) yield bytes.subarray(at, at + ENTRY_SIZE)
  }

  /** Where each sealed record lies within the group, in order. */
  *sealedSpans(): Generator<SealedSpan> {
    const start = HEAD_SIZE + this.#entries.size + SIGNATURE_SIZE + this.#intents.size
    for (const [i, end] of this.#sealedEnds.entries()) {
      const length = this.#sealedSizes[i] ?? 0
      yield { offset: start + end - length, length }
    }
  }

  /** Lays the group out; `sign` gets head and entries. */
  encode(position: GroupPosition, sign: (signed: Uint8Array) => Uint8Array): EncodedGroup {
    const entries = this.#entries.view()
    const intents = this.#intents.view()
    const records = this.#records.view()
    const bytes = new Uint8Array(
      HEAD_SIZE + entries.length + SIGNATURE_SIZE + intents.length + records.length + CRC_SIZE,
    )
    bytes.set(this.#head(position, sha256(intents, records)))
    bytes.set(entries, HEAD_SIZE)
    const signed = bytes.subarray(0, HEAD_SIZE + entries.length)
    bytes.set(sign(signed), signed.length)
    bytes.set(intents, signed.length + SIGNATURE_SIZE)
    bytes.set(records, signed.length + SIGNATURE_SIZE + intents.length)
    const crcStart = bytes.length - CRC_SIZE
    bytes.set(new Writer(CRC_SIZE).u32le(crc32(bytes.subarray(0, crcStart))).finish(), crcStart)
    return { bytes, digest: sha256(signed) }
  }

  #head({ number, firstIndex, firstSeq, previous }: GroupPosition, payloadDigest: Uint8Array): Uint8Array {
    return new Writer(HEAD_SIZE)
      .u32le(GROUP_MAGIC)
      .u32le(this.entryCount)
      .u32le(this.intentCount)
      .u32le(this.recordCount)
      .u32le(this.#intents.size + this.#records.size)
      .zero(4)
      .u64le(BigInt(number))
      .u64le(BigInt(firstIndex))
      .u64le(BigInt(firstSeq))
      .bytes(previous)
      .bytes(payloadDigest)
      .finish()
  }
}

/** Octets that grow by doubling. */
class GrowingBytes {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  #size = 0

  get size(): number {
    return this.#size
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  appendU32(value: number): void {
    this.#reserve(4)
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#size++] = (value >>> shift) & 0xff
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  #reserve(length: number): void {
    if (this.#size + length <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#size + length))
    larger.set(this.view())
    this.#bytes = larger
  }
}
