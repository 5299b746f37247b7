/** A receipt store over any place for octets: answers by their `jti`, the last checkpoint of each log, and what logs were caught at. @module */
import { NotVerifiedError } from '../client/errors.ts'
import type { KeptAnswer, LogSighting, ReceiptStore, UpgradedAnswer } from '../client/store.ts'
import { sha256 } from '../core/crypto/index.ts'
import { encodeHex } from '../core/encoding/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError } from '../errors.ts'
import { decodeAnswer, encodeAnswer } from './entry.ts'
import { followFrom, isOfLog } from './follow.ts'
import { decodeFollowed, encodeFollowed, type FollowedLog } from './followed-log.ts'
import type { Records } from './records.ts'
import { seal, unseal } from './sealed.ts'

export interface ReceiptStoreOptions {
  /** Answers that are kept; the oldest go first. Logs and what they were caught at are few, and stay. */
  readonly maxEntries?: number
}

const MAX_ENTRIES = 1_000
/** A host can show another contradiction each time that it is asked: the first ones are kept. */
const MAX_FORKS = 100
const FORK_FORMAT = 'countersign-fork-1'
const ANSWERS = 'answers'
type Kind = 'answer' | 'log' | 'fork'

/** Digests: neither `jti` nor origin is a file name, and none leads out of a folder. */
function nameOf(kind: Kind, key: string): string {
  return `${encodeHex(sha256(encodeUtf8(key)))}.${kind}`
}

class Store implements ReceiptStore {
  readonly #records: Records
  readonly #maxEntries: number
  /**
   * One after the other: what reads and then writes must find nothing changed in between. Other programs may write as well. Answers wait
   * for answers, and each log for itself: a log's host decides how long its tiles take.
   */
  readonly #turns: Map<string, Promise<unknown>> = new Map()

  constructor(records: Records, { maxEntries = MAX_ENTRIES }: ReceiptStoreOptions) {
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1)
      throw new CountersignError('ERR_USAGE', 'maxEntries is a whole number from 1')
    this.#records = records
    this.#maxEntries = maxEntries
  }

  keep(answer: KeptAnswer): Promise<void> {
    return this.#inTurn(ANSWERS, async () => {
      await this.#write(answer)
      const stamps = await this.#records.list('answer')
      for (const { name } of stamps.slice(0, Math.max(0, stamps.length - this.#maxEntries)))
        await this.#records.remove(name)
    })
  }

  upgrade(jti: string, upgraded: UpgradedAnswer): Promise<void> {
    return this.#inTurn(ANSWERS, async () => {
      const answer = await this.#read(jti)
      if (answer !== undefined) await this.#write({ ...answer, ...upgraded })
    })
  }

  get(jti: string): Promise<KeptAnswer | undefined> {
    return this.#inTurn(ANSWERS, () => this.#read(jti))
  }

  list(): Promise<readonly string[]> {
    return this.#inTurn(ANSWERS, async () => {
      const found: string[] = []
      for (const { name } of await this.#records.list('answer')) {
        const octets = await this.#records.read(name)
        const answer = octets && decodeAnswer(octets)
        if (answer !== undefined) found.push(answer.jti)
      }
      return found
    })
  }

  delete(jti: string): Promise<boolean> {
    return this.#inTurn(ANSWERS, async () => {
      const name = nameOf('answer', jti)
      const known = (await this.#records.read(name)) !== undefined
      await this.#records.remove(name)
      return known
    })
  }

  async checkpoint(origin: string): Promise<string | undefined> {
    return (await this.#followed(origin))?.checkpoint
  }

  async forks(): Promise<readonly string[]> {
    const stamps = await this.#records.list('fork')
    const octets = await Promise.all(stamps.map(({ name }) => this.#records.read(name)))
    return octets.flatMap((one) => {
      const content = one && unseal(FORK_FORMAT, one)
      return content === undefined ? [] : [decodeUtf8(content)]
    })
  }

  follow(sighting: LogSighting): Promise<void> {
    return this.#inTurn(nameOf('log', sighting.origin), async () => {
      const kept = await this.#failOpen(sighting, () => this.#keptOf(sighting))
      try {
        const { checkpoint, seenAt } = sighting
        const next = kept === undefined ? { checkpoint, seenAtMs: seenAt.getTime() } : await followFrom(kept, sighting)
        await this.#failOpen(sighting, () => this.#remember(sighting.origin, next))
      } catch (error) {
        if (error instanceof NotVerifiedError && error.evidence !== undefined)
          await this.#keepFork(error.evidence, sighting)
        throw error
      }
    })
  }

  /** What does not unseal, or what the log did not sign, was garbled here: the log is seen for the first time again. */
  async #keptOf(sighting: LogSighting): Promise<FollowedLog | undefined> {
    const kept = await this.#followed(sighting.origin)
    return kept !== undefined && (await isOfLog(kept, sighting)) ? kept : undefined
  }

  async #followed(origin: string): Promise<FollowedLog | undefined> {
    const octets = await this.#records.read(nameOf('log', origin))
    return octets && decodeFollowed(octets)
  }

  #remember(origin: string, log: FollowedLog): Promise<void> {
    return this.#records.write(nameOf('log', origin), { octets: encodeFollowed(log), atMs: log.seenAtMs })
  }

  async #keepFork(evidence: Uint8Array, sighting: LogSighting): Promise<void> {
    const name = nameOf('fork', decodeUtf8(evidence))
    const writing = { octets: seal(FORK_FORMAT, evidence), atMs: sighting.seenAt.getTime() }
    await this.#failOpen(sighting, async () => {
      if ((await this.#records.list('fork')).length < MAX_FORKS) await this.#records.write(name, writing)
    })
  }

  async #failOpen<T>({ warn }: LogSighting, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run()
    } catch (error) {
      warn(
        `countersign: the receipt store failed, a log is not followed: ${error instanceof Error ? error.message : ''}`,
      )
      return undefined
    }
  }

  async #read(jti: string): Promise<KeptAnswer | undefined> {
    const octets = await this.#records.read(nameOf('answer', jti))
    const answer = octets && decodeAnswer(octets)
    return answer?.jti === jti ? answer : undefined
  }

  #write(answer: KeptAnswer): Promise<void> {
    const writing = { octets: encodeAnswer(answer), atMs: answer.receivedAt.getTime() }
    return this.#records.write(nameOf('answer', answer.jti), writing)
  }

  #inTurn<T>(of: string, run: () => Promise<T>): Promise<T> {
    const result = (this.#turns.get(of) ?? Promise.resolve()).then(run)
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    this.#turns.set(of, settled)
    void settled.then(() => {
      if (this.#turns.get(of) === settled) this.#turns.delete(of)
    })
    return result
  }
}

/** A store over `records`: `createMemoryRecords`, `createIndexedDbRecords`, `createFileRecords`, or a place of one's own. */
export function createReceiptStore(records: Records, options: ReceiptStoreOptions = {}): ReceiptStore {
  return new Store(records, options)
}
