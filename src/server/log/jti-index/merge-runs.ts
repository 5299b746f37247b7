/** Joins neighbouring runs of the index into one, in turns of the event loop. @module */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ObjectStore } from '../../../storage/index.ts'
import { type EntryTable, INDEX_ENTRY_SIZE, RUN_HEADER_SIZE, sealRun } from './run-format.ts'
import { readEntries, type StoredRun } from './stored-run.ts'

/** Entries of a run in memory at a time. */
const CHUNK = 4_096
/** Entries between two turns. */
const TURN = 4_096
/** Runs of one size that become one of the next. */
const FAN_IN = 4

class RunCursor {
  readonly #store: ObjectStore
  readonly #run: StoredRun
  #chunk: EntryTable | undefined
  #start = 0
  #at = 0

  constructor(store: ObjectStore, run: StoredRun) {
    this.#store = store
    this.#run = run
  }

  get isDone(): boolean {
    return this.#at === this.#run.count
  }

  /** Whether {@link load} has to be called before the next look. */
  get isStale(): boolean {
    return this.#at - this.#start === CHUNK
  }

  async load(): Promise<void> {
    this.#start = this.#at
    const end = Math.min(this.#run.count, this.#start + CHUNK)
    this.#chunk = await readEntries(this.#store, this.#run, { start: this.#start, end })
  }

  precedes(other: RunCursor): boolean {
    const mine = this.#chunk
    const theirs = other.#chunk
    if (mine === undefined || theirs === undefined) return false
    return mine.compare(this.#at - this.#start, theirs.jti(other.#at - other.#start)) < 0
  }

  take(): Uint8Array {
    const entry = this.#chunk?.entry(this.#at - this.#start) ?? new Uint8Array(INDEX_ENTRY_SIZE)
    this.#at++
    return entry
  }
}

/** The octets of one run over all of these, which follow one another without a gap. */
export async function mergeRuns(store: ObjectStore, runs: readonly StoredRun[]): Promise<Uint8Array> {
  const count = runs.reduce((sum, run) => sum + run.count, 0)
  const merged = new Uint8Array(RUN_HEADER_SIZE + count * INDEX_ENTRY_SIZE)
  const cursors = runs.filter((run) => run.count > 0).map((run) => new RunCursor(store, run))
  for (const cursor of cursors) await cursor.load()
  for (let written = 0; written < count; written++) {
    const least = cursors.reduce((a, b) => (b.precedes(a) ? b : a))
    merged.set(least.take(), RUN_HEADER_SIZE + written * INDEX_ENTRY_SIZE)
    if (least.isDone) cursors.splice(cursors.indexOf(least), 1)
    else if (least.isStale) await least.load()
    if (written % TURN === TURN - 1) await nextTurn()
  }
  const fromSeq = Math.min(...runs.map((run) => run.fromSeq))
  const toSeq = Math.max(...runs.map((run) => run.toSeq))
  sealRun(merged, { fromSeq, toSeq })
  return merged
}

/**
 * The oldest runs that are worth joining: {@link FAN_IN} neighbours of about one size that are not too large together. Each receipt is
 * rewritten a few times in all, and lookups see few runs.
 */
export function chooseRuns(runs: readonly StoredRun[], maxRunSize: number): readonly StoredRun[] {
  for (let start = 0; start + FAN_IN <= runs.length; start++) {
    const chosen = runs.slice(start, start + FAN_IN)
    const sizes = chosen.map(({ count }) => count)
    const total = sizes.reduce((sum, count) => sum + count, 0)
    if (total <= maxRunSize && Math.max(...sizes) < FAN_IN * Math.min(...sizes)) return chosen
  }
  return []
}
