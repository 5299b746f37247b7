/** The records of a group on their way into the index. @module */
import type { JtiIndex } from './jti-index/jti-index.ts'
import { ID_SIZE, RECORD_SIZE } from './wal-format.ts'
import type { ScannedGroup } from './wal-scan.ts'
import type { WalPlace } from './wal-writer.ts'

/** A table of records and what places it in its log. */
export interface PlacedTable {
  readonly table: Uint8Array
  readonly firstIndex: number
  readonly firstSeq: number
  /** Where the first sealed octet lies. */
  readonly sealed: WalPlace
}

/** Adds the records of a table, but those before `fromSeq`. Read by hand, without an object for each. */
export function indexTable(
  index: Pick<JtiIndex, 'add'>,
  { table, firstIndex, firstSeq, sealed }: PlacedTable,
  fromSeq = 0,
): void {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  let { offset } = sealed
  for (let at = 0, seq = firstSeq; at < table.length; at += RECORD_SIZE, seq++) {
    const length = view.getUint32(at + 36, true)
    if (seq >= fromSeq)
      index.add(table.subarray(at + 4, at + 4 + ID_SIZE), {
        segment: sealed.segment,
        offset,
        length,
        crc: view.getUint32(at + 40, true),
        index: firstIndex + view.getUint32(at, true),
        seq,
      })
    offset += length
  }
}

export function addToIndex(
  index: Pick<JtiIndex, 'add'>,
  { place, layout, bytes, firstIndex, firstSeq }: ScannedGroup,
  fromSeq: number,
): void {
  const table = bytes.subarray(layout.table, layout.signature)
  const sealed = { segment: place.segment, offset: place.offset + layout.sealed }
  indexTable(index, { table, firstIndex, firstSeq, sealed }, fromSeq)
}
