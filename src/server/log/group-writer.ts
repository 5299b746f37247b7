/** Group commit: what arrives while one fdatasync is in flight becomes the next group, and one signature covers it. @module */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FailureLatch } from './failure-latch.ts'
import { GroupBuffer, type GroupSigner } from './group-buffer.ts'
import type { LogClock } from './types.ts'
import { FIRST_POSITION, type GroupPosition } from './wal-format.ts'
import type { WalPlace, WalWriter } from './wal-writer.ts'

/** A group from its first addition until it is durable. */
interface PendingGroup {
  readonly content: GroupBuffer
  readonly durable: Promise<void>
  readonly settle: { readonly resolve: () => void; readonly reject: (error: Error) => void }
}

export interface GroupWriterDeps {
  readonly wal: WalWriter
  readonly signer: GroupSigner
  readonly latch: FailureLatch
  readonly clock: LogClock
  /** Rejects when another writer has taken over. */
  readonly fence: () => Promise<void>
  /** Called while the disk is at work on a group: time to hash its leaves. */
  readonly onSyncing: (group: GroupBuffer) => void
  /** Called when a group is durable, before anyone who waits for it goes on. */
  readonly onDurable: (group: GroupBuffer, place: WalPlace) => void
}

/** A writer that lost its lease notices within this time of writing. */
const FENCE_INTERVAL_MS = 1_000

export class GroupWriter {
  readonly #deps: GroupWriterDeps
  #position: GroupPosition = FIRST_POSITION
  #seconds = 0
  #fencedAt: number
  #next: PendingGroup | undefined
  #running: Promise<void> | undefined
  #spare: GroupBuffer | undefined

  constructor(deps: GroupWriterDeps) {
    this.#deps = deps
    this.#fencedAt = deps.clock.monotonicMs()
  }

  /**
   * Lets `put` add to the next group, which takes what comes in call order.
   * @returns a promise, the same for all in the group, that resolves when the group is durable
   */
  add(put: (group: GroupBuffer) => void): Promise<void> {
    const group = this.#next ?? this.#newGroup()
    this.#next = group
    put(group.content)
    this.#running ??= this.#run()
    return group.durable
  }

  /** Resolves when nothing is on its way any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // One turn of the event loop, not a timer: those whom the last group released join this one, and the disk stays busy.
    for (await nextTurn(); this.#next; await nextTurn()) {
      const group = this.#next
      this.#next = undefined
      await this.#commit(group)
    }
    this.#running = undefined
  }

  async #commit({ content, settle }: PendingGroup): Promise<void> {
    const { wal, latch, clock, signer, onSyncing, onDurable } = this.#deps
    try {
      latch.check()
      // A clock of the host may go back: the log's time never does.
      const secondsBefore = this.#seconds
      this.#seconds = Math.max(secondsBefore, clock.seconds())
      const { bytes, digest } = content.encode(this.#position, this.#seconds, signer)
      const place = await wal.append(bytes, { position: this.#position, secondsBefore })
      const synced = Promise.all([wal.sync(), this.#checkFence()])
      // The failure of one is told when it is awaited, also if hashing should throw first.
      synced.catch(() => {})
      onSyncing(content)
      await synced
      // The log may have failed elsewhere meanwhile: nobody is told of success after that.
      latch.check()
      onDurable(content, place)
      this.#advance(content, digest)
      settle.resolve()
      content.clear()
      this.#spare = content
      wal.replenish()
    } catch (cause) {
      settle.reject(latch.trip(cause))
    }
  }

  async #checkFence(): Promise<void> {
    const now = this.#deps.clock.monotonicMs()
    if (now - this.#fencedAt < FENCE_INTERVAL_MS) return
    this.#fencedAt = now
    await this.#deps.fence()
  }

  #advance({ entryCount, intentCount, recordCount }: GroupBuffer, digest: Uint8Array): void {
    const { number, firstIndex, firstSeq, firstIntent } = this.#position
    this.#position = {
      number: number + 1,
      firstIndex: firstIndex + entryCount,
      firstSeq: firstSeq + recordCount,
      firstIntent: firstIntent + intentCount,
      previous: digest,
    }
  }

  #newGroup(): PendingGroup {
    const settle = { resolve: () => {}, reject: (_error: Error) => {} }
    const durable = new Promise<void>((resolve, reject) => {
      settle.resolve = resolve
      settle.reject = reject
    })
    // Whoever appends hears of a failure through this promise; one who does not look must not bring the process down before onFailure acts.
    durable.catch(() => {})
    const content = this.#spare ?? new GroupBuffer()
    this.#spare = undefined
    return { content, durable, settle }
  }
}
