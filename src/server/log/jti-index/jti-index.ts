/**
 * From jti to the place of a sealed receipt: the newest in memory, all others in sorted runs on the store, merged behind the scenes. The
 * write-ahead log alone is the truth; what is missing here is indexed again by recovery. @module
 */
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { attemptWrite } from '../attempt-write.ts'
import { numbersOf, runFolder, runName } from '../names.ts'
import type { SpaceWatch } from '../space-watch.ts'
import { Memtable } from './memtable.ts'
import { chooseRuns, mergeRuns } from './merge-runs.ts'
import { decodeRunHeader, encodeRun, type ReceiptPlace } from './run-format.ts'
import { findInRun, openRun, type StoredRun } from './stored-run.ts'

/** Runs of one log, the widest first where two begin alike. Ones that are damaged are left out: their receipts are not found. */
export async function listRuns(store: ObjectStore, id: string): Promise<readonly StoredRun[]> {
  const runs: StoredRun[] = []
  for (const number of numbersOf(await store.list(runFolder(id)))) {
    try {
      const run = await openRun(store, runName(id, number), number)
      if (run !== undefined) runs.push(run)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
    }
  }
  runs.sort((a, b) => a.fromSeq - b.fromSeq || b.toSeq - a.toSeq)
  // A merge that ended before its sources were removed leaves them behind.
  let covered = 0
  return runs.filter(({ toSeq }) => {
    const isNew = toSeq > covered
    covered = Math.max(covered, toSeq)
    return isNew
  })
}

/** Receipts from the first one on that these runs hold without a gap. */
export function coveredSeq(runs: readonly StoredRun[]): number {
  let covered = 0
  for (const { fromSeq, toSeq } of runs) if (fromSeq <= covered) covered = Math.max(covered, toSeq)
  return covered
}

/** @throws MalformedError for a run that is cut or out of order */
export async function findInRuns(
  store: ObjectStore,
  runs: readonly StoredRun[],
  jti: Uint8Array,
): Promise<ReceiptPlace | undefined> {
  // The newest first: receipts are asked for soon after they are made.
  for (const run of [...runs].reverse()) {
    const found = await findInRun(store, run, jti)
    if (found !== undefined) return found
  }
  return undefined
}

export interface JtiIndexDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly space: SpaceWatch
  /** A power of two. */
  readonly memtableSize: number
  readonly maxRunSize: number
  /** Called when a run cannot be written for another reason than space. */
  readonly onFailure: (cause: unknown) => void
}

/** The index of a log that is written. */
export class JtiIndex {
  readonly #deps: JtiIndexDeps
  readonly #frozen: Memtable[] = []
  #memtable: Memtable
  #runs: readonly StoredRun[]
  #nextRun: number
  #writing: Promise<void> | undefined

  constructor(deps: JtiIndexDeps, start: { readonly seq: number; readonly runs: readonly StoredRun[] }) {
    this.#deps = deps
    this.#memtable = new Memtable(deps.memtableSize, start.seq)
    this.#runs = start.runs
    this.#nextRun = Math.max(-1, ...start.runs.map(({ number }) => number)) + 1
  }

  /** Adds the next receipt, in the order of seq. */
  add(jti: Uint8Array, place: ReceiptPlace): void {
    this.#memtable.add(jti, place)
    if (this.#memtable.isFull) this.#freeze()
  }

  /** Looks at the newest receipts only. */
  hasNew(jti: Uint8Array): boolean {
    return this.#memtable.find(jti) !== undefined
  }

  async find(jti: Uint8Array): Promise<ReceiptPlace | undefined> {
    for (const table of [this.#memtable, ...this.#frozen]) {
      const found = table.find(jti)
      if (found !== undefined) return found
    }
    for (;;) {
      const runs = this.#runs
      try {
        return await findInRuns(this.#deps.store, runs, jti)
      } catch (error) {
        // A merge may have removed a run under the search: the new one has what it held.
        if (runs === this.#runs) throw error
      }
    }
  }

  /** Full memtables that are not on the store yet. */
  get waiting(): number {
    return this.#frozen.length
  }

  /** Resolves when what is in memory is on the store. */
  async flush(): Promise<void> {
    if (this.#memtable.size > 0) this.#freeze()
    await this.idle()
  }

  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #freeze(): void {
    const { memtableSize } = this.#deps
    this.#frozen.push(this.#memtable)
    this.#memtable = new Memtable(memtableSize, this.#memtable.fromSeq + this.#memtable.size)
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async #write(): Promise<void> {
    try {
      for (let table = this.#frozen[0]; table !== undefined; table = this.#frozen[0]) {
        const { fromSeq, size } = table
        const run = await this.#store(encodeRun(table.sorted(), { fromSeq, toSeq: fromSeq + size }))
        this.#runs = [...this.#runs, run]
        this.#frozen.shift()
        await this.#merge()
      }
    } catch (error) {
      this.#deps.onFailure(error)
    }
  }

  async #merge(): Promise<void> {
    const { store, maxRunSize } = this.#deps
    for (;;) {
      const chosen = chooseRuns(this.#runs, maxRunSize)
      if (chosen.length === 0) return
      const merged = await this.#store(await mergeRuns(store, chosen))
      this.#runs = this.#runs.flatMap((run) => (run === chosen[0] ? [merged] : chosen.includes(run) ? [] : [run]))
      await store.remove(chosen.map(({ name }) => name))
    }
  }

  async #store(bytes: Uint8Array): Promise<StoredRun> {
    const { store, id, space } = this.#deps
    const number = this.#nextRun++
    const name = runName(id, number)
    await space.until(() => attemptWrite(store, () => store.write([{ name, bytes }])))
    return { ...decodeRunHeader(bytes), number, name }
  }
}
