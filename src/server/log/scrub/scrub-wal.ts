/** Reads a write-ahead log from end to end, past every damage: the index parts, and sealed octets by their CRC. @module */
import { crc32 } from 'node:zlib'
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { isErased, readErased } from '../erasure.ts'
import { segmentName } from '../names.ts'
import { SegmentReader } from '../segment-reader.ts'
import {
  CRC_SIZE,
  decodeHead,
  END_MARK,
  FIRST_POSITION,
  GROUP_MAGIC,
  type GroupPosition,
  HEAD_SIZE,
  ID_SIZE,
  RECORD_SIZE,
} from '../wal-format.ts'
import { damagedRecords, listSegments, type ScannedGroup, type ScanOptions, scanWal } from '../wal-scan.ts'
import type { CorruptObject } from './types.ts'

export interface WalScrub {
  readonly groups: number
  readonly octets: number
  readonly corrupt: readonly CorruptObject[]
}

interface Damaged {
  readonly object: CorruptObject
  /** Of a sealed record. */
  readonly jti: Uint8Array | undefined
}

/** Place from which a walk goes on. */
type Start = Pick<ScanOptions, 'from' | 'at'>

export async function scrubWal(store: ObjectStore, id: string, onOctets: (octets: number) => void): Promise<WalScrub> {
  const scrub = new WalScrubber(store, id, onOctets)
  await scrub.run()
  return scrub
}

class WalScrubber implements WalScrub {
  groups = 0
  octets = 0
  corrupt: readonly CorruptObject[] = []
  readonly #damaged: Damaged[] = []
  readonly #store: ObjectStore
  readonly #id: string
  readonly #onOctets: (octets: number) => void
  #position: GroupPosition = FIRST_POSITION
  /** Unknown behind a damaged preamble, until there is another one. */
  #origin: string | undefined

  constructor(store: ObjectStore, id: string, onOctets: (octets: number) => void) {
    this.#store = store
    this.#id = id
    this.#onOctets = onOctets
  }

  async run(): Promise<void> {
    const [first] = await listSegments(this.#store, this.#id)
    let start: Start | undefined = first === undefined ? undefined : { from: first }
    while (start !== undefined) start = await this.#walk(start)
    // Read last: it names what was erased while the log was being read, too.
    const erased = await readErased(this.#store, this.#id)
    this.corrupt = this.#damaged
      .filter(({ jti }) => jti === undefined || !isErased(erased, jti))
      .map(({ object }) => object)
  }

  /** @returns where to go on behind damage; undefined at the end */
  async #walk(start: Start): Promise<Start | undefined> {
    try {
      const visit = (group: ScannedGroup): undefined => this.#visit(group)
      const { tail, position, origin } = await scanWal(this.#store, this.#id, { ...start, withSealed: true, visit })
      this.#position = position
      this.#origin = origin === '' ? undefined : origin
      // Of a cut write nobody was told.
      if (tail.kind === 'clean') return undefined
      const next = await this.#findGroup(tail.segment, tail.offset)
      if (tail.kind === 'garbled' || next !== undefined) this.#report('wal', position.firstIndex, tail)
      return next
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#report('wal', this.#position.firstIndex, { segment: start.from })
      return this.#findGroup(start.from, 0)
    }
  }

  #visit(group: ScannedGroup): undefined {
    const { layout, view, bytes, firstIndex, place } = group
    this.groups++
    this.octets += layout.size
    if (view.getUint32(layout.size - CRC_SIZE, true) !== END_MARK) this.#report('wal', firstIndex, place)
    for (const record of damagedRecords(group, bytes.subarray(layout.sealed))) {
      const at = layout.table + record * RECORD_SIZE
      const jti = bytes.slice(at + 4, at + 4 + ID_SIZE)
      this.#report('sealed', firstIndex + view.getUint32(at, true), { segment: place.segment, jti })
    }
    this.#onOctets(this.octets)
  }

  /** The next group whose head is whole, in this segment or in a later one. */
  async #findGroup(segment: number, from: number): Promise<Start | undefined> {
    const reader = await SegmentReader.open(this.#store, this.#id, segment)
    if (reader === undefined) return undefined
    try {
      const octets = await reader.read(from, reader.end - from)
      const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
      // The group at `from` itself is damaged behind its head.
      for (let at = from === 0 ? 0 : 1; at + HEAD_SIZE <= octets.length; at++) {
        if (view.getUint32(at, true) !== GROUP_MAGIC || !isHead(octets, view, at)) continue
        const head = decodeHead(octets, view, at)
        if (head.number < this.#position.number) continue
        return { from: segment, at: { origin: this.#origin, offset: from + at, position: { ...head } } }
      }
    } finally {
      await reader.close()
    }
    const later = (await listSegments(this.#store, this.#id)).find((number) => number > segment)
    return later === undefined ? undefined : { from: later }
  }

  #report(
    what: 'wal' | 'sealed',
    index: number,
    { segment, jti }: { readonly segment: number; readonly jti?: Uint8Array },
  ): undefined {
    const object = { what, index, name: segmentName(this.#id, segment), repaired: false }
    this.#damaged.push({ object, jti })
  }
}

function isHead(octets: Uint8Array, view: DataView, at: number): boolean {
  const end = at + HEAD_SIZE - CRC_SIZE
  return view.getUint32(end, true) === crc32(octets.subarray(at, end))
}
