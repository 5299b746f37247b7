/** What the write-ahead log of an earlier boot holds beyond its newest quote. The disk is the host's: only signed groups count. @module */
import { ENTRY_SIZE, ENTRY_TYPES } from '../../core/log/index.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { findSegment } from './find-segment.ts'
import { coveredSeq, JtiIndex, listRuns } from './jti-index/jti-index.ts'
import { resolveOptions } from './log-options.ts'
import { addToIndex } from './record-table.ts'
import { NoSpaceError, SpaceWatch } from './space-watch.ts'
import type { LogCounts, LogFrontier } from './types.ts'
import { type GroupPosition, HEAD_SIZE } from './wal-format.ts'
import { type ScannedGroup, scanWal, type WalTail } from './wal-scan.ts'
import { scanSignedWal } from './wal-signature.ts'

/** A receipt that no quote covers. */
export interface RecoveredReceipt {
  /** SHA-256 of its JWS, 32 octets: what a 0x05 entry holds as well. */
  readonly digest: Uint8Array
  readonly index: number
  readonly seq: number
}

export interface RecoveredLog {
  readonly origin: string
  /** Leaves of the groups that verify. */
  readonly size: number
  readonly counts: LogCounts
  /** Beyond the size that was quoted, in order. */
  readonly receipts: readonly RecoveredReceipt[]
  /** 0x02 entries beyond that size, in order. */
  readonly quotes: readonly Uint8Array[]
  /** Log time of the last group that verifies, seconds: no receipt is dated later. */
  readonly seconds: number
  readonly tail: WalTail
}

/** Memtables that wait to be written, at most: reading pauses for the rest. */
const MAX_WAITING = 4
const PIECE: number = 64 * 1024

/**
 * Reads the end of a write-ahead log, from the segment on in which `from.size` lies, and indexes what its boot had not indexed. Only
 * groups count that one signature of the log key vouches for; torn and garbled octets behind them are named, never taken in. That whole
 * groups were cut away shows only beside a checkpoint or the memory of a client.
 *
 * @param from size and counts of the newest quote; size 0 for none
 * @throws MalformedError when there is no write-ahead log, or it is of another log
 */
export async function recoverLog(store: ObjectStore, id: string, from: LogFrontier): Promise<RecoveredLog> {
  const collected = new Collected(from.size)
  const start = await findSegment(store, id, ({ position }) => position.firstIndex <= from.size)
  const visit = (group: ScannedGroup): undefined => collected.add(group)
  const { origin, position, tail } = await scanSignedWal(store, id, { from: start, visit })
  await finishIndex(store, id, position)
  const { firstIndex: size, firstSeq: receipts, firstIntent: intents } = position
  const counts = { intents, receipts, open: intents - receipts }
  return { origin, size, counts, ...collected.below(size), seconds: collected.secondsBefore(position.number), tail }
}

class Collected {
  readonly #from: number
  readonly #receipts: RecoveredReceipt[] = []
  #free: Uint8Array = new Uint8Array(0)
  readonly #quotes: { readonly index: number; readonly entry: Uint8Array }[] = []
  /** The first group of each second. */
  readonly #seconds: { readonly number: number; readonly seconds: number }[] = []

  constructor(from: number) {
    this.#from = from
  }

  add({ bytes, entries, firstIndex, firstSeq, number, seconds }: ScannedGroup): undefined {
    if (this.#seconds.at(-1)?.seconds !== seconds) this.#seconds.push({ number, seconds })
    if (firstIndex + entries <= this.#from) return
    const copy = this.#copy(bytes.subarray(HEAD_SIZE, HEAD_SIZE + entries * ENTRY_SIZE))
    let seq = firstSeq
    for (let index = firstIndex, at = 0; at < copy.length; index++, at += ENTRY_SIZE) {
      const isBeyond = index >= this.#from
      if (copy[at] === ENTRY_TYPES.receipt) {
        if (isBeyond) this.#receipts.push({ digest: copy.subarray(at + 1, at + ENTRY_SIZE), index, seq })
        seq++
      } else if (isBeyond && copy[at] === ENTRY_TYPES.quote) {
        this.#quotes.push({ index, entry: copy.subarray(at, at + ENTRY_SIZE) })
      }
    }
  }

  /** Receipts share large pieces of memory: one for each would cost more than all the rest. */
  #copy(entries: Uint8Array): Uint8Array {
    if (this.#free.length < entries.length) this.#free = new Uint8Array(Math.max(entries.length, PIECE))
    const copy = this.#free.subarray(0, entries.length)
    copy.set(entries)
    this.#free = this.#free.subarray(entries.length)
    return copy
  }

  /** Groups that turned out to be nobody's are left out. */
  below(size: number): Pick<RecoveredLog, 'receipts' | 'quotes'> {
    const isIn = ({ index }: { readonly index: number }): boolean => index < size
    return { receipts: this.#receipts.filter(isIn), quotes: this.#quotes.filter(isIn).map(({ entry }) => entry) }
  }

  secondsBefore(end: number): number {
    return this.#seconds.findLast(({ number }) => number < end)?.seconds ?? 0
  }
}

/** Indexes receipts up to `end` that no run holds. A store that is full leaves it for the next time: they are in the log all the same. */
async function finishIndex(store: ObjectStore, id: string, end: GroupPosition): Promise<void> {
  const runs = await listRuns(store, id)
  const covered = coveredSeq(runs)
  if (covered >= end.firstSeq) return
  const space = new SpaceWatch({ after: () => () => {} })
  space.close()
  const failures: unknown[] = []
  const { memtableSize, maxRunSize } = resolveOptions({})
  const onFailure = (cause: unknown): void => {
    failures.push(cause)
  }
  const index = new JtiIndex({ store, id, space, memtableSize, maxRunSize, onFailure }, { seq: covered, runs })
  const from = await findSegment(store, id, ({ position }) => position.firstSeq <= covered)
  await scanWal(store, id, {
    from,
    until: end.number,
    // Runs are the host's like all else: whoever reads a sealed receipt verifies it.
    isJudged: true,
    visit: (group) => {
      addToIndex(index, group, covered)
      return index.waiting > MAX_WAITING ? index.idle() : undefined
    },
  })
  await index.flush()
  const failure = failures.find((cause) => !(cause instanceof NoSpaceError))
  if (failure !== undefined) throw failure
}
