/** Compares the runs of the index with their CRC, and makes damaged ones again from the write-ahead log. @module */
import { crc32 } from 'node:zlib'
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { attemptWrite } from '../attempt-write.ts'
import { findSegment } from '../find-segment.ts'
import { Memtable } from '../jti-index/memtable.ts'
import { encodeRun } from '../jti-index/run-format.ts'
import { openRun, readEntries, type StoredRun } from '../jti-index/stored-run.ts'
import { numbersOf, runFolder, runName } from '../names.ts'
import { addToIndex } from '../record-table.ts'
import { scanWal } from '../wal-scan.ts'
import type { CorruptObject } from './types.ts'

/** Entries read at once. */
const PIECE = 4_096

export async function scrubIndex(store: ObjectStore, id: string, repair: boolean): Promise<readonly CorruptObject[]> {
  const corrupt: CorruptObject[] = []
  for (const number of numbersOf(await store.list(runFolder(id)))) {
    const name = runName(id, number)
    try {
      const run = await openRun(store, name, number)
      // A run that is gone was merged meanwhile.
      if (run === undefined || (await isIntact(store, run))) continue
      const repaired = repair && (await rebuild(store, id, run))
      corrupt.push({ what: 'index', index: 0, name, repaired })
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      corrupt.push({ what: 'index', index: 0, name, repaired: false })
    }
  }
  return corrupt
}

async function isIntact(store: ObjectStore, run: StoredRun): Promise<boolean> {
  let crc = 0
  for (let start = 0; start < run.count; start += PIECE) {
    const end = Math.min(run.count, start + PIECE)
    crc = crc32((await readEntries(store, run, { start, end })).bytes, crc)
  }
  return crc === run.crc
}

async function rebuild(store: ObjectStore, id: string, { name, fromSeq, toSeq, count }: StoredRun): Promise<boolean> {
  const table = new Memtable(2 ** Math.ceil(Math.log2(Math.max(2, count + 1))), fromSeq)
  const from = await findSegment(store, id, ({ position }) => position.firstSeq <= fromSeq)
  await scanWal(store, id, {
    from,
    visit: (group) => {
      addToIndex({ add: (jti, place) => void (place.seq < toSeq && table.add(jti, place)) }, group, fromSeq)
      return undefined
    },
  })
  if (table.size !== count) return false
  const bytes = encodeRun(table.sorted(), { fromSeq, toSeq })
  return attemptWrite(store, () => store.write([{ name, bytes }]))
}
