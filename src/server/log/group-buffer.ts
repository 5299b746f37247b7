/** Collects the octets of one group as they come, and lays it out when its turn has come. See `wal-format.ts`. @module */
import { crc32 } from 'node:zlib'
import { sha256 } from '../../core/crypto/index.ts'
import { Writer } from '../../core/encoding/writer.ts'
import { ENTRY_SIZE } from '../../core/log/index.ts'
import { GrowingBytes } from './growing-bytes.ts'
import {
  CRC_SIZE,
  END_MARK,
  encodePosition,
  GROUP_MAGIC,
  type GroupLayout,
  type GroupPosition,
  HEAD_SIZE,
  ID_SIZE,
  layoutOf,
  RECORD_SIZE,
} from './wal-format.ts'

/** A receipt on its way into a group. */
export interface NewRecord {
  readonly jti: Uint8Array
  readonly intent: Uint8Array
  readonly sealed: Uint8Array
}

/** Signs groups of one log. */
export interface GroupSigner {
  /** What precedes the octets of a group under its signature. */
  readonly prefix: Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

export interface EncodedGroup {
  /** A view that lasts until the buffer is cleared. */
  readonly bytes: Uint8Array
  /** What the next group names as its previous one. */
  readonly digest: Uint8Array
}

/** Everything is copied in at once: the caller may reuse its arrays. */
export class GroupBuffer {
  readonly #entries: GrowingBytes = new GrowingBytes()
  readonly #intents: GrowingBytes = new GrowingBytes()
  readonly #table: GrowingBytes = new GrowingBytes()
  readonly #sealed: GrowingBytes = new GrowingBytes()
  readonly #out: GrowingBytes = new GrowingBytes()

  get entryCount(): number {
    return this.#entries.size / ENTRY_SIZE
  }

  get intentCount(): number {
    return this.#intents.size / ID_SIZE
  }

  get recordCount(): number {
    return this.#table.size / RECORD_SIZE
  }

  get layout(): GroupLayout {
    return layoutOf({
      entries: this.entryCount,
      intents: this.intentCount,
      records: this.recordCount,
      sealed: this.#sealed.size,
    })
  }

  addEntry(entry: Uint8Array): void {
    this.#entries.append(entry)
  }

  addIntent(intent: Uint8Array): void {
    this.#intents.append(intent)
  }

  /** Adds a receipt: its entry and its record. */
  addReceipt(entry: Uint8Array, { jti, intent, sealed }: NewRecord): void {
    this.#table.appendU32(this.entryCount)
    this.#table.append(jti)
    this.#table.append(intent)
    this.#table.appendU32(sealed.length)
    this.#table.appendU32(crc32(sealed))
    this.#sealed.append(sealed)
    this.addEntry(entry)
  }

  /** The entries so far, back to back; a view. */
  get entries(): Uint8Array {
    return this.#entries.view()
  }

  /** The table of records so far; a view. */
  get table(): Uint8Array {
    return this.#table.view()
  }

  /** Lays the group out. */
  encode(position: GroupPosition, seconds: number, { prefix, sign }: GroupSigner): EncodedGroup {
    const out = this.#out
    out.clear()
    out.append(prefix)
    out.append(this.#head(position, seconds))
    for (const part of [this.#entries, this.#intents, this.#table]) out.append(part.view())
    const signed = out.view()
    const signature = sign(signed)
    const digest = sha256(signed.subarray(prefix.length))
    out.append(signature)
    out.appendU32(crc32(out.view().subarray(prefix.length)))
    out.append(this.#sealed.view())
    out.appendU32(END_MARK)
    return { bytes: out.view().subarray(prefix.length), digest }
  }

  /** Makes it empty again. */
  clear(): void {
    for (const part of [this.#entries, this.#intents, this.#table, this.#sealed, this.#out]) part.clear()
  }

  #head(position: GroupPosition, seconds: number): Uint8Array {
    const head = new Writer(HEAD_SIZE)
      .u32le(GROUP_MAGIC)
      .u32le(this.entryCount)
      .u32le(this.intentCount)
      .u32le(this.recordCount)
      .u32le(this.#sealed.size)
      .zero(4)
      .bytes(encodePosition(position))
      .u64le(BigInt(seconds))
      .zero(CRC_SIZE)
      .finish()
    head.set(new Writer(CRC_SIZE).u32le(crc32(head.subarray(0, -CRC_SIZE))).finish(), HEAD_SIZE - CRC_SIZE)
    return head
  }
}
