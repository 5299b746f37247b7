/** The tree of a log while it grows: it runs ahead of the durable size by the group that is being written. @module */
import { ENTRY_SIZE, GrowingTree, hashLeaf, type TakenTile, type TreeHead } from '../../core/log/index.ts'
import { EntryEdge } from './entry-edge.ts'
import type { FailureLatch } from './failure-latch.ts'
import type { GroupBuffer } from './group-buffer.ts'
import type { LogFrontier } from './types.ts'

/** All of one instant. */
export interface LogSnapshot {
  readonly frontier: LogFrontier
  readonly head: TreeHead
  /** New since the last snapshot: hash tiles and bundles. */
  readonly tiles: readonly TakenTile[]
}

interface Waiting {
  readonly resolve: (snapshot: LogSnapshot) => void
  readonly reject: (error: unknown) => void
}

export class GrowingLog {
  readonly #latch: FailureLatch
  readonly #tree: GrowingTree = new GrowingTree()
  readonly #entries: EntryEdge = new EntryEdge()
  #frontier: LogFrontier = { size: 0, counts: { intents: 0, receipts: 0, open: 0 } }
  #waiting: Waiting[] = []

  constructor(latch: FailureLatch) {
    this.#latch = latch
    latch.whenTripped(() => this.#settle())
  }

  get frontier(): LogFrontier {
    return this.#frontier
  }

  /** Hashes the leaves of a group that is on its way to the disk. */
  hash(group: GroupBuffer): void {
    const entries = group.entries
    for (let at = 0; at < entries.length; at += ENTRY_SIZE) {
      const entry = entries.subarray(at, at + ENTRY_SIZE)
      this.#tree.append(hashLeaf(entry))
      this.#entries.append(entry)
    }
  }

  /** That group is durable. */
  advance({ entryCount, intentCount, recordCount }: GroupBuffer): void {
    const { size, counts } = this.#frontier
    this.#frontier = {
      size: size + entryCount,
      counts: {
        intents: counts.intents + intentCount,
        receipts: counts.receipts + recordCount,
        open: counts.open + intentCount - recordCount,
      },
    }
    this.#settle()
  }

  /** The tree at the durable frontier: now, or when the group that is on its way is durable. */
  snapshot(): Promise<LogSnapshot> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#settle()
    })
  }

  #settle(): void {
    if (this.#waiting.length === 0) return
    if (this.#latch.failure === undefined && this.#tree.size !== this.#frontier.size) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve, reject } of waiting) {
      if (this.#latch.failure !== undefined) reject(this.#latch.failure)
      else resolve(this.#take())
    }
  }

  #take(): LogSnapshot {
    const frontier = this.#frontier
    const head = { size: frontier.size, root: this.#tree.root() }
    return { frontier, head, tiles: [...this.#tree.takeTiles(), ...this.#entries.take()] }
  }
}
