/** The boot as it runs: the one place where its session changes. @module */
import type { ObjectStore } from '../../storage/types.ts'
import type { ReceiptLog } from '../log/index.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
import type { EarlierLogs, RunningBoot, RunningSession } from './running-boot.ts'

export interface BootContents {
  readonly octets: Uint8Array
  readonly log: ReceiptLog
  readonly channels: ChannelKeys
  readonly session: RunningSession
  readonly store: ObjectStore
  readonly earlier: EarlierLogs
}

export class Boot implements RunningBoot {
  readonly octets: Uint8Array
  readonly log: ReceiptLog
  readonly channels: ChannelKeys
  readonly store: ObjectStore
  readonly earlier: EarlierLogs
  readonly #sessions: Map<string, RunningSession>
  #current: RunningSession

  constructor({ octets, log, channels, session, store, earlier }: BootContents) {
    this.octets = octets
    this.log = log
    this.channels = channels
    this.store = store
    this.earlier = earlier
    this.#current = session
    this.#sessions = new Map([[session.digest, session]])
  }

  get current(): RunningSession {
    return this.#current
  }

  sessionOf(digest: string): RunningSession | undefined {
    return this.#sessions.get(digest)
  }

  /** From here on receipts are signed under `next`. Nothing that was admitted under the one before is open any more. */
  changeSession(next: RunningSession): void {
    this.#sessions.set(next.digest, next)
    this.#current = next
  }
}
