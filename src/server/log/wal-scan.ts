/**
 * Walks over a write-ahead log group by group: layout, CRCs, the chain of digests and the laws of a log. What it finds is what somebody
 * wrote; that it was the gateway shows the signature of the last group, see `wal-signature.ts`. @module
 */
import { crc32 } from 'node:zlib'
import { sha256 } from '../../core/crypto/index.ts'
import { sameBytes } from '../../core/encoding/bytes.ts'
import { ENTRY_SIZE, ENTRY_TYPES } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { numbersOf, segmentFolder } from './names.ts'
import { SegmentReader } from './segment-reader.ts'
import {
  CRC_SIZE,
  DIGEST_SIZE,
  decodeHead,
  END_MARK,
  GROUP_MAGIC,
  type GroupHead,
  type GroupLayout,
  type GroupPosition,
  HEAD_SIZE,
  layoutOf,
  PREAMBLE_SIZE,
  RECORD_SIZE,
} from './wal-format.ts'
import type { WalPlace } from './wal-writer.ts'

/** What lies behind the last group. None of it is in the log. */
export type WalTail =
  | { readonly kind: 'clean' }
  /** A write that was cut: from within this group on there is nothing. */
  | { readonly kind: 'torn'; readonly segment: number; readonly offset: number; readonly octets: number }
  /** Octets that are no group of this log: damaged, forged, or of another log. All that follows is dropped with them. */
  | { readonly kind: 'garbled'; readonly segment: number; readonly offset: number; readonly reason: string }

/** A group under the eyes of a visitor: its octets are views that last until the next one. */
export interface ScannedGroup extends GroupHead {
  readonly place: WalPlace
  readonly layout: GroupLayout
  /** From the start of the group to the end of its index part, and the sealed octets where they were asked for. */
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly digest: Uint8Array
}

export interface ScanOptions {
  /** Segment to begin with. */
  readonly from: number
  /** A group within that segment to begin with instead of its preamble. */
  readonly at?: { readonly origin: string | undefined; readonly offset: number; readonly position: GroupPosition }
  /** Visits the groups before this one only. */
  readonly until?: number
  /** Visits groups up to the one with this leaf only. */
  readonly untilIndex?: number
  /** Whether visitors look at sealed octets. */
  readonly withSealed?: boolean
  /** Takes index parts as they are, without CRC, digest and laws: an earlier walk judged them, and nothing is trusted that depends on them. */
  readonly isJudged?: boolean
  /** The walk waits for what it returns. */
  readonly visit?: (group: ScannedGroup) => Promise<void> | undefined
}

export interface WalEnd {
  readonly origin: string
  /** Where the next group would stand. */
  readonly position: GroupPosition
  /** Place of the last group. */
  readonly last: WalPlace | undefined
  readonly lastHead: GroupHead | undefined
  readonly tail: WalTail
}

/** Segments that there are, ascending. */
export async function listSegments(store: ObjectStore, id: string): Promise<readonly number[]> {
  return numbersOf(await store.list(segmentFolder(id)))
}

/**
 * Walks from the start of a segment to the end of the log, or to the first octets that are none of it.
 * @throws MalformedError when the segment to begin with has no preamble
 */
export async function scanWal(store: ObjectStore, id: string, options: ScanOptions): Promise<WalEnd> {
  const scan = new Scan(options)
  for (let segment = options.from; !scan.isOver; segment++) {
    const reader = await SegmentReader.open(store, id, segment)
    if (reader === undefined) break
    try {
      await scan.walk(reader)
    } finally {
      await reader.close()
    }
  }
  return scan.end()
}

const NO_DIGEST: Uint8Array = new Uint8Array(DIGEST_SIZE)

class Scan {
  readonly #options: ScanOptions
  #origin: string | undefined
  #position: GroupPosition | undefined
  #last: WalPlace | undefined
  #lastHead: GroupHead | undefined
  #tail: WalTail = { kind: 'clean' }
  isOver = false

  constructor(options: ScanOptions) {
    this.#options = options
  }

  end(): WalEnd {
    if (this.#position === undefined) throw new MalformedError('EVIDENCE_TRUNCATED', 'there is no write-ahead log')
    const [last, tail] = [this.#last, this.#tail]
    const lastHead = this.#lastHead && { ...this.#lastHead, previous: this.#lastHead.previous.slice() }
    return { origin: this.#origin ?? '', position: this.#position, last, lastHead, tail }
  }

  async walk(reader: SegmentReader): Promise<void> {
    let offset = 0
    // What the group at `offset` covers at least, for telling a cut write from other damage.
    let covers = PREAMBLE_SIZE + (this.#origin?.length ?? 0)
    try {
      offset = await this.#begin(reader)
      for (;;) {
        covers = HEAD_SIZE
        if (!reader.holds(offset, HEAD_SIZE)) {
          if (offset >= reader.end) break
          await reader.load(offset, Math.min(HEAD_SIZE, reader.end - offset))
        }
        if (isBlank(reader, offset - reader.start)) break
        if (this.#isBehind(this.#options.untilIndex)) return
        if (this.#position?.number === this.#options.until) throw refused('is not signed by the log key')
        const head = decodeHead(reader.bytes, reader.view, offset - reader.start)
        const layout = layoutOf(head)
        covers = layout.size
        // Before anything of that size is loaded: the length may be the host's invention.
        if (layout.size > reader.end - offset) throw refused('is longer than its segment')
        const loaded = this.#options.withSealed === true ? layout.size : layout.sealed
        if (!reader.holds(offset, loaded)) await reader.load(offset, loaded)
        const group = this.#judge(reader, { offset, head, layout })
        if (!hasEndMark(reader, group) && !(await isComplete(reader, group))) throw refused('has no end')
        const visited = this.#options.visit?.(group)
        if (visited !== undefined) await visited
        this.#last = group.place
        this.#lastHead = head
        this.#position = positionBehind(group)
        offset += layout.size
      }
      // What is reserved and not written reads as zeros, and nothing else may follow.
      if ((await reader.writtenEnd(offset)) > offset) throw refused('does not begin here')
    } catch (error) {
      if (!(error instanceof MalformedError) || this.#position === undefined) throw error
      await this.#stop(reader, offset, { covers, reason: error.message })
    }
  }

  #isBehind(index: number = Number.MAX_SAFE_INTEGER): boolean {
    this.isOver ||= (this.#position?.firstIndex ?? 0) > index
    return this.isOver
  }

  async #begin(reader: SegmentReader): Promise<number> {
    const { from, at } = this.#options
    if (at !== undefined && reader.segment === from) {
      this.#origin = at.origin
      this.#position = at.position
      return at.offset
    }
    const preamble = await reader.preamble()
    const { position } = preamble
    if (this.#position !== undefined && !this.#continues(position, preamble.origin))
      throw new MalformedError('PARSE_INVALID', 'the segment does not continue the one before')
    this.#origin = preamble.origin
    this.#position ??= position
    return preamble.size
  }

  #continues({ number, firstIndex, firstSeq, firstIntent, previous }: GroupPosition, origin = this.#origin): boolean {
    const at = this.#position
    return (
      at !== undefined &&
      (origin === this.#origin || this.#origin === undefined) &&
      number === at.number &&
      firstIndex === at.firstIndex &&
      firstSeq === at.firstSeq &&
      firstIntent === at.firstIntent &&
      (this.#options.isJudged === true || sameBytes(previous, at.previous))
    )
  }

  /** Millions of groups may hold one record each: nothing is awaited here, and little is made. */
  #judge(
    reader: SegmentReader,
    { offset, head, layout }: { offset: number; head: GroupHead; layout: GroupLayout },
  ): ScannedGroup {
    const { withSealed, isJudged } = this.#options
    const at = offset - reader.start
    // A group moved, repeated or taken from another log keeps its signature: position and chain are what betrays it.
    if (!this.#continues(head)) throw refused('does not continue the one before')
    const bytes = reader.bytes.subarray(at, at + (withSealed === true ? layout.size : layout.sealed))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const group = {
      entries: head.entries,
      intents: head.intents,
      records: head.records,
      sealed: head.sealed,
      seconds: head.seconds,
      number: head.number,
      firstIndex: head.firstIndex,
      firstSeq: head.firstSeq,
      firstIntent: head.firstIntent,
      previous: head.previous,
      place: { segment: reader.segment, offset },
      layout,
      bytes,
      view,
      digest: NO_DIGEST,
    }
    if (isJudged === true) return group
    const crcAt = layout.sealed - CRC_SIZE
    if (view.getUint32(crcAt, true) !== crc32(bytes.subarray(0, crcAt))) throw refused('does not match its CRC')
    group.digest = sha256(bytes.subarray(0, layout.signature))
    checkLaws(group)
    return group
  }

  async #stop(reader: SegmentReader, offset: number, found: { covers: number; reason: string }): Promise<void> {
    this.isOver = true
    const { segment } = reader
    const written = await reader.writtenEnd(offset)
    // A segment that was made and never written.
    if (written === offset) return
    // A whole group ends in octets that are not zero.
    const isTorn = written < offset + found.covers
    this.#tail = isTorn
      ? { kind: 'torn', segment, offset, octets: written - offset }
      : { kind: 'garbled', segment, offset, reason: found.reason }
  }
}

/** Whether zeros follow, as far as the magic of a group reaches. */
function isBlank({ bytes, view }: SegmentReader, at: number): boolean {
  return at + 4 <= bytes.length ? view.getUint32(at) === 0 : bytes[at] === 0
}

function positionBehind(group: ScannedGroup): GroupPosition {
  return {
    number: group.number + 1,
    firstIndex: group.firstIndex + group.entries,
    firstSeq: group.firstSeq + group.records,
    firstIntent: group.firstIntent + group.intents,
    previous: group.digest,
  }
}

/** Entry 0, and no other, is the genesis; each receipt has its record, in order; no more receipts than intents. */
function checkLaws(head: ScannedGroup): void {
  const { bytes, view, layout } = head
  if (head.entries + head.intents === 0) throw refused('is empty')
  let record = layout.table
  let sealed = 0
  for (let ordinal = 0, at = HEAD_SIZE; ordinal < head.entries; ordinal++, at += ENTRY_SIZE) {
    const type = bytes[at] ?? 0xff
    if (type > ENTRY_TYPES.recovered) throw refused('has an entry of an unknown type')
    if ((type === ENTRY_TYPES.genesis) !== (head.firstIndex + ordinal === 0))
      throw refused('has a genesis out of place')
    if (type !== ENTRY_TYPES.receipt) continue
    if (record === layout.signature || view.getUint32(record, true) !== ordinal)
      throw refused('has a receipt without its record')
    sealed += view.getUint32(record + 36, true)
    record += RECORD_SIZE
  }
  if (record !== layout.signature || sealed !== head.sealed) throw refused('has a record without its receipt')
  if (head.firstSeq + head.records > head.firstIntent + head.intents)
    throw refused('closes an intent that was never admitted')
}

function hasEndMark(reader: SegmentReader, { place, layout }: ScannedGroup): boolean {
  const end = place.offset + layout.size - CRC_SIZE
  return reader.holds(end, CRC_SIZE) && reader.view.getUint32(end - reader.start, true) === END_MARK
}

/**
 * The sealed octets are not signed and may be erased. A group without end mark and with sealed octets that are not those that its table
 * names was cut while it was written, unless another follows: that one was written after the sync of this one.
 */
async function isComplete(reader: SegmentReader, group: ScannedGroup): Promise<boolean> {
  const octets = await reader.read(group.place.offset, group.layout.size + 4)
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  if (view.getUint32(group.layout.size - CRC_SIZE, true) === END_MARK) return true
  if (octets.length === group.layout.size + 4 && view.getUint32(group.layout.size, true) === GROUP_MAGIC) return true
  return damagedRecords(group, octets.subarray(group.layout.sealed)).length === 0
}

/** Ordinals among the records of those whose sealed octets do not match their CRC. */
export function damagedRecords({ layout, view }: ScannedGroup, sealed: Uint8Array): readonly number[] {
  const damaged: number[] = []
  let start = 0
  for (let i = 0, at = layout.table; at < layout.signature; i++, at += RECORD_SIZE) {
    const end = start + view.getUint32(at + 36, true)
    if (crc32(sealed.subarray(start, end)) !== view.getUint32(at + 40, true)) damaged.push(i)
    start = end
  }
  return damaged
}

function refused(what: string): MalformedError {
  return new MalformedError('PARSE_INVALID', `the group ${what}`)
}
