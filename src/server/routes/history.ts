/** Logs of this boot and of earlier ones on the same store, as one history: where a receipt is found, and what covers it. @module */
import { MalformedError, StateError } from '../../errors.ts'
import type { EvidenceStore } from '../evidence-store/index.ts'
import type { PublishedLog } from '../log/index.ts'
import {
  findReceipt,
  jtiOf,
  type ReceiptShelf,
  type ReceiptWish,
  type StoredReceipt,
} from '../recorder/sealed-store.ts'
import type { Attester } from '../session/attester.ts'
import type { GatewayParts } from './parts.ts'
import { Turns } from './turns.ts'

/** A boot, running or over. */
export interface PastBoot extends ReceiptShelf {
  readonly evidence: () => Promise<EvidenceStore>
  /** Of the boot that runs: what is not quoted yet may still be. */
  readonly attester: Attester | undefined
}

export interface FoundReceipt {
  readonly boot: PastBoot
  readonly receipt: StoredReceipt
}

/** Searches of one tenant that run or wait: they run one by one, so that asking for receipts that never were costs the others little. */
const MAX_SEARCHES = 64

export class History {
  readonly #parts: GatewayParts
  readonly #turns: Turns = new Turns(MAX_SEARCHES)

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  /** Ids of all logs, newest first. */
  get ids(): readonly string[] {
    const { log, earlier } = this.#parts.boot
    return [log.id, ...earlier.ids()]
  }

  /** Ids as the store has them now: other gateways may write to it. */
  async look(): Promise<readonly string[]> {
    await this.#parts.boot.earlier.look()
    return this.ids
  }

  /** The log of a boot; undefined for one that is not on the store. */
  async log(id: string): Promise<PublishedLog | undefined> {
    const { log, earlier } = this.#parts.boot
    if (id === log.id) return log
    if (!earlier.ids().includes(id)) await this.look()
    return earlier.open(id)
  }

  /** Of a log that {@link ids} lists. */
  evidenceOf(id: string): Promise<EvidenceStore> {
    const { boot, evidence, telemetry } = this.#parts
    if (id === boot.log.id) return Promise.resolve(evidence)
    return boot.earlier.evidence(id, (detail) => telemetry.write({ event: 'history-damaged', detail }))
  }

  /**
   * Looks in every log for a receipt: its id does not say which one has it.
   * @returns `busy` when too many searches of this tenant wait already
   */
  async find(wish: ReceiptWish): Promise<FoundReceipt | 'busy' | undefined> {
    const jti = jtiOf(wish.rid)
    if (jti === undefined) return undefined
    const { boot } = this.#parts
    const current = await this.#findIn(boot.log.id, wish)
    if (current !== undefined || boot.earlier.ids().length === 0) return current
    return this.#turns.take(wish.tenant, () => this.#findEarlier(wish, jti)) ?? 'busy'
  }

  async #findEarlier(wish: ReceiptWish, jti: Uint8Array): Promise<FoundReceipt | undefined> {
    for (const id of this.#parts.boot.earlier.ids()) {
      const found = (await this.#names(id, jti)) ? await this.#findIn(id, wish) : undefined
      if (found !== undefined) return found
    }
    return undefined
  }

  async #findIn(id: string, wish: ReceiptWish): Promise<FoundReceipt | undefined> {
    const boot = await this.#boot(id)
    const receipt = boot && (await findReceipt(boot, wish))
    return boot === undefined || receipt === undefined ? undefined : { boot, receipt }
  }

  /** The host could cut the index of one log to hide the receipts of all others. */
  async #names(id: string, jti: Uint8Array): Promise<boolean> {
    const { boot, telemetry } = this.#parts
    try {
      return await boot.earlier.names(id, jti)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      telemetry.write({ event: 'history-damaged', detail: `the index of log ${id}: ${error.message}` })
      return false
    }
  }

  async #boot(id: string): Promise<PastBoot | undefined> {
    const { boot, attester, evidence } = this.#parts
    const { store, log, octets, earlier } = boot
    if (id === log.id) return { log, boot: octets, store, attester, evidence: async () => evidence }
    const [opened, bootOctets] = await Promise.all([this.#openEarlier(id), earlier.bootOctets(id)])
    if (opened === undefined || bootOctets === undefined) return undefined
    return { log: opened, boot: bootOctets, store, attester: undefined, evidence: () => this.evidenceOf(id) }
  }

  /** The host could damage one log to hide the receipts of all others. */
  async #openEarlier(id: string): Promise<PublishedLog | undefined> {
    const { boot, telemetry } = this.#parts
    try {
      return await boot.earlier.open(id)
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      telemetry.write({ event: 'history-damaged', detail: error.message })
      return undefined
    }
  }
}
