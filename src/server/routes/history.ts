/** Logs of this boot and of earlier ones on the same store, as one history: where a receipt is found, and what covers it. @module */
import { StateError } from '../../errors.ts'
import { EvidenceStore } from '../evidence-store/index.ts'
import type { PublishedLog } from '../log/index.ts'
import { findReceipt, type ReceiptShelf, type ReceiptWish, type StoredReceipt } from '../recorder/sealed-store.ts'
import type { Attester } from '../session/attester.ts'
import type { GatewayParts } from './parts.ts'

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

/** Earlier logs whose evidence is listed in memory. */
const MAX_OPEN = 16

export class History {
  readonly #parts: GatewayParts
  readonly #evidence: Map<string, Promise<EvidenceStore>> = new Map()

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
    for (const id of await this.#parts.boot.earlier.look()) this.#evidence.delete(id)
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
    const { boot, evidence } = this.#parts
    if (id === boot.log.id) return Promise.resolve(evidence)
    const known = this.#evidence.get(id)
    const opened = known ?? this.#openEvidence(id)
    this.#evidence.delete(id)
    this.#evidence.set(id, opened)
    for (const oldest of this.#evidence.keys()) {
      if (this.#evidence.size <= MAX_OPEN) break
      this.#evidence.delete(oldest)
    }
    return opened
  }

  /** Looks in every log for a receipt: its id does not say which one has it. */
  async find(wish: ReceiptWish): Promise<FoundReceipt | undefined> {
    for (const id of this.ids) {
      const boot = await this.#boot(id)
      const receipt = boot && (await findReceipt(boot, wish))
      if (boot !== undefined && receipt !== undefined) return { boot, receipt }
    }
    return undefined
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

  async #openEvidence(id: string): Promise<EvidenceStore> {
    const { boot, telemetry } = this.#parts
    try {
      return await EvidenceStore.open(boot.store, id, (detail) => telemetry.write({ event: 'history-damaged', detail }))
    } catch (error) {
      this.#evidence.delete(id)
      throw error
    }
  }
}
