/** Publishes checkpoints and offers them to the witnesses: with each quote, and when no quote comes, soon enough for every promise. @module */
import type { SignedCheckpoint } from '../../core/log/index.ts'
import type { Cancel, Timers } from '../deps.ts'
import type { LogFrontier, ReceiptLog } from '../log/index.ts'

/** A receipt promises its leaf within 60 s of `iat`; a device that hangs is no excuse. */
const PUBLISH_MS = 15_000

export interface PublisherDeps {
  readonly log: Pick<ReceiptLog, 'size' | 'checkpoint'>
  /** To the witnesses, where there are any. */
  readonly offer: (checkpoint: SignedCheckpoint) => void
  readonly onFailure: (error: unknown) => void
  readonly timers: Timers
}

export class Publisher {
  readonly #deps: PublisherDeps
  #published = 0
  #cancel: Cancel = () => {}
  #closed = false

  constructor(deps: PublisherDeps) {
    this.#deps = deps
    this.#arm()
  }

  /** Leaves that a published checkpoint covers. */
  get published(): number {
    return this.#published
  }

  /** Publishes what is durable now. @throws CountersignError ERR_LOG_APPEND */
  async checkpoint(): Promise<SignedCheckpoint & LogFrontier> {
    const checkpoint = await this.#deps.log.checkpoint()
    this.#published = Math.max(this.#published, checkpoint.size)
    return checkpoint
  }

  /** The same for the witnesses too. Never rejects: whoever waits for it has been told already. */
  async publish(): Promise<void> {
    try {
      this.#deps.offer(await this.checkpoint())
    } catch (error) {
      this.#deps.onFailure(error)
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #arm(): void {
    this.#cancel = this.#deps.timers.after(PUBLISH_MS, () => {
      if (this.#closed) return
      if (this.#deps.log.size > this.#published) void this.publish()
      this.#arm()
    })
  }
}
