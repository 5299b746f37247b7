/** A segment of a write-ahead log, read in large pieces. Its octets and its length are the host's. @module */
import { MalformedError } from '../../errors.ts'
import type { JournalReader, ObjectStore } from '../../storage/index.ts'
import { segmentName } from './names.ts'
import { decodePreamble, MAX_PREAMBLE_SIZE, type Preamble } from './wal-format.ts'

const CHUNK: number = 4 * 1024 * 1024
/** Zeros are looked for in pieces of this size. */
const PIECE: number = 256 * 1024
const ZEROS: Buffer = Buffer.alloc(PIECE)

export class SegmentReader {
  readonly segment: number
  /** Octets of the segment. */
  readonly end: number
  readonly #journal: JournalReader
  /** What is loaded, from {@link start} on. */
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  start = 0

  private constructor(segment: number, journal: JournalReader, end: number) {
    this.segment = segment
    this.#journal = journal
    this.end = end
  }

  static async open(store: ObjectStore, id: string, segment: number): Promise<SegmentReader | undefined> {
    const journal = await store.openJournal(segmentName(id, segment))
    return journal && new SegmentReader(segment, journal, await journal.size())
  }

  /** @throws MalformedError */
  async preamble(): Promise<Preamble & { readonly size: number }> {
    const preamble = decodePreamble(await this.#journal.read(0, Math.min(this.end, MAX_PREAMBLE_SIZE)))
    if (preamble.segment !== this.segment) throw new MalformedError('PARSE_INVALID', 'a segment of another number')
    return preamble
  }

  /** Whether the octets from `offset` on are loaded. */
  holds(offset: number, length: number): boolean {
    return offset >= this.start && offset + length <= this.start + this.bytes.length
  }

  /** Loads a large piece from `offset` on, and at least `length` octets of it: there must be as many. */
  async load(offset: number, length: number): Promise<void> {
    const read = await this.#journal.read(offset, Math.min(Math.max(length, CHUNK), this.end - offset))
    if (read.length < length) throw new MalformedError('EVIDENCE_TRUNCATED', 'a segment became shorter')
    this.bytes = read
    this.view = new DataView(read.buffer, read.byteOffset, read.byteLength)
    this.start = offset
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#journal.read(offset, Math.max(0, Math.min(length, this.end - offset)))
  }

  /** The place behind the last octet that is not zero, not below `from`: what follows is space that was only reserved. */
  async writtenEnd(from: number): Promise<number> {
    for (let end = this.end; end > from; ) {
      const start = Math.max(from, end - PIECE)
      const piece = await this.read(start, end - start)
      if (!ZEROS.subarray(0, piece.length).equals(piece)) return start + lengthWithoutZeros(piece)
      end = start
    }
    return from
  }

  close(): Promise<void> {
    return this.#journal.close()
  }
}

function lengthWithoutZeros(bytes: Uint8Array): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length--
  return length
}
