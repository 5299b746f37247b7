/** A cursor over bytes that somebody else wrote: each read names its field, stays in bounds, and the end must be reached. @module */
import { MalformedError } from '../../errors.ts'
import { isZero } from './bytes.ts'
import { type ReadKind, type ReadTrack, trackReads } from './recording.ts'

export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #track: ReadTrack | undefined
  #offset = 0

  constructor(bytes: Uint8Array) {
    // A plain view: `slice` of a Node Buffer would share its memory instead of copying.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#track = trackReads(bytes)
  }

  /** Octets from the start. */
  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(field, 1, 'big-endian'))
  }

  u16le(field: string): number {
    return this.#view.getUint16(this.#take(field, 2, 'little-endian'), true)
  }

  u16be(field: string): number {
    return this.#view.getUint16(this.#take(field, 2, 'big-endian'))
  }

  u32le(field: string): number {
    return this.#view.getUint32(this.#take(field, 4, 'little-endian'), true)
  }

  u32be(field: string): number {
    return this.#view.getUint32(this.#take(field, 4, 'big-endian'))
  }

  u64le(field: string): bigint {
    return this.#view.getBigUint64(this.#take(field, 8, 'little-endian'), true)
  }

  u64be(field: string): bigint {
    return this.#view.getBigUint64(this.#take(field, 8, 'big-endian'))
  }

  /** The next `length` octets, copied. The length is checked before anything is allocated. */
  bytes(field: string, length: number): Uint8Array {
    const start = this.#take(field, length, 'octets')
    const copy = this.#bytes.slice(start, start + length)
    this.#track?.copied(copy, start)
    return copy
  }

  /** The next `length` octets, not copied: for readers of octets that are their own. */
  view(field: string, length: number): Uint8Array {
    const start = this.#take(field, length, 'octets')
    return this.#bytes.subarray(start, start + length)
  }

  /** The octets from `start` to where the cursor is, not copied. */
  viewFrom(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#offset)
  }

  /** @throws MalformedError PARSE_RESERVED unless the next `length` octets are zero */
  zero(field: string, length: number): void {
    const start = this.#take(field, length, 'zeros')
    if (!isZero(this.#bytes.subarray(start, start + length)))
      throw new MalformedError('PARSE_RESERVED', `${field} at ${start} is not zero`)
  }

  skip(field: string, length: number): void {
    this.#take(field, length, 'octets')
  }

  /** @throws MalformedError PARSE_TRAILING when octets are left */
  end(): void {
    if (this.remaining !== 0) throw new MalformedError('PARSE_TRAILING', `${this.remaining} bytes after the end`)
  }

  #take(field: string, length: number, kind: ReadKind): number {
    if (!Number.isSafeInteger(length) || length < 0)
      throw new MalformedError('PARSE_LENGTH', `${field} has an impossible length`)
    this.#track?.read(field, this.#offset, { length, kind })
    if (length > this.remaining) {
      throw new MalformedError(
        'EVIDENCE_TRUNCATED',
        `${field} at ${this.#offset} needs ${length} bytes, ${this.remaining} are left`,
      )
    }
    const start = this.#offset
    this.#offset += length
    return start
  }
}
