/** Everything that a write-ahead log holds, for tests. @module */
import { ENTRY_SIZE } from '../../../src/core/log/index.ts'
import type { LogCounts, WalTail } from '../../../src/server/log/index.ts'
import { HEAD_SIZE, ID_SIZE, RECORD_SIZE } from '../../../src/server/log/wal-format.ts'
import { listSegments, type ScannedGroup } from '../../../src/server/log/wal-scan.ts'
import { scanSignedWal } from '../../../src/server/log/wal-signature.ts'
import type { ObjectStore } from '../../../src/storage/index.ts'

export interface ReadRecord {
  readonly ordinal: number
  readonly jti: Uint8Array
  readonly intent: Uint8Array
  readonly sealed: Uint8Array
}

export interface ReadGroup {
  readonly entries: readonly Uint8Array[]
  readonly intents: readonly Uint8Array[]
  readonly records: readonly ReadRecord[]
}

export interface WalContents {
  readonly origin: string
  readonly size: number
  readonly counts: LogCounts
  readonly groups: readonly ReadGroup[]
  readonly tail: WalTail
}

export async function readWal(store: ObjectStore, id: string): Promise<WalContents> {
  const groups: ReadGroup[] = []
  const [from = 0] = await listSegments(store, id)
  const visit = (group: ScannedGroup): undefined => void groups.push(readGroup(group))
  const { origin, position, tail } = await scanSignedWal(store, id, { from, withSealed: true, visit })
  const { number, firstIndex: size, firstSeq: receipts, firstIntent: intents } = position
  return {
    origin,
    size,
    counts: { intents, receipts, open: intents - receipts },
    groups: groups.slice(0, number),
    tail,
  }
}

function readGroup({ bytes, view, layout }: ScannedGroup): ReadGroup {
  const cut = (from: number, to: number, size: number): readonly Uint8Array[] =>
    Array.from({ length: (to - from) / size }, (_, i) => bytes.slice(from + i * size, from + (i + 1) * size))
  let sealed = layout.sealed
  const records = cut(layout.table, layout.signature, RECORD_SIZE).map((record, i) => {
    const start = sealed
    sealed += view.getUint32(layout.table + i * RECORD_SIZE + 36, true)
    return {
      ordinal: view.getUint32(layout.table + i * RECORD_SIZE, true),
      jti: record.slice(4, 20),
      intent: record.slice(20, 36),
      sealed: bytes.slice(start, sealed),
    }
  })
  return {
    entries: cut(HEAD_SIZE, layout.intents, ENTRY_SIZE),
    intents: cut(layout.intents, layout.table, ID_SIZE),
    records,
  }
}
