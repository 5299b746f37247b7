/** Logs of earlier boots in this store, opened when somebody asks for one. The store is the host's: each log is verified as it is read. @module */

import { digestUri } from '../../core/crypto/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeJson } from '../../core/encoding/json.ts'
import { ObjectReader } from '../../core/encoding/shape.ts'
import { DIGEST_URI } from '../../core/evidence/resource-descriptor.ts'
import { decodeSession } from '../../core/evidence/session.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import type { Clock } from '../deps.ts'
import { EvidenceStore, type OnFault } from '../evidence-store/index.ts'
import { openStoredLog, StoredIndexes, type StoredLog } from '../log/index.ts'
import { hexOf } from '../session/session.ts'
import { readPreviousId } from './previous-log.ts'
import type { EarlierLogs } from './running-boot.ts'

const LOG_ID = /^[A-Za-z0-9_-]{43}$/
const MAX_DOCUMENT = 262_144
/** Logs that are kept open: each holds a few tiles. */
const MAX_OPEN = 16
const MAX_BOOTS = 1_024
/** Logs of which the sessions are listed, newest first, and sessions that are remembered: each costs some hundred octets. */
const MAX_LISTED = 4_096
const MAX_SESSIONS = 65_536
/** Anyone may ask for the list: it is not read from the store each time. */
const LOOK_MS = 5_000
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const

export interface LogsOfStore {
  /** The log of the boot that runs. */
  readonly current: string
  /** The log before it. */
  readonly newest: string | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
}

export class StoredLogs implements EarlierLogs {
  readonly #store: ObjectStore
  readonly #open: Map<string, Promise<StoredLog | undefined>> = new Map()
  readonly #boots: Map<string, Uint8Array> = new Map()
  readonly #evidence: Map<string, Promise<EvidenceStore>> = new Map()
  readonly #current: string
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #indexes: StoredIndexes
  readonly #sessions: Map<string, string> = new Map()
  /** Logs that are over and whose sessions are all known. */
  readonly #listed: Set<string> = new Set()
  #listing: Promise<void> = Promise.resolve()
  #listedMs = Number.NEGATIVE_INFINITY
  /** As each genesis names the log before it. */
  #chain: readonly string[] = []
  #ids: readonly string[] = []
  #lookedMs = Number.NEGATIVE_INFINITY

  private constructor(store: ObjectStore, current: string, clock: Pick<Clock, 'monotonicMs'>) {
    this.#store = store
    this.#indexes = new StoredIndexes(store)
    this.#current = current
    this.#clock = clock
  }

  /** Lists all but the log of this boot. @param newest the log before it */
  static async list(store: ObjectStore, { current, newest, clock }: LogsOfStore): Promise<StoredLogs> {
    const logs = new StoredLogs(store, current, clock)
    await logs.#list()
    // Nobody waits for the order: until it is known, those that were listed are there.
    void logs.#follow(newest).catch(() => {})
    return logs
  }

  ids(): readonly string[] {
    return this.#ids
  }

  own(): readonly string[] {
    return this.#chain
  }

  async look(): Promise<readonly string[]> {
    if (this.#clock.monotonicMs() - this.#lookedMs < LOOK_MS) return []
    this.#lookedMs = this.#clock.monotonicMs()
    await this.#list()
    const others = this.#ids.slice(this.#chain.length)
    for (const id of others) {
      this.#open.delete(id)
      this.#evidence.delete(id)
    }
    return others
  }

  async #list(): Promise<void> {
    const names = await this.#store.list('log')
    const found = names.map((name) => name.replace(/\/$/, '')).filter((id) => LOG_ID.test(id) && id !== this.#current)
    this.#order(found)
  }

  open(id: string): Promise<StoredLog | undefined> {
    if (!this.#ids.includes(id)) return Promise.resolve(undefined)
    const known = this.#open.get(id)
    if (known !== undefined) {
      this.#open.delete(id)
      this.#open.set(id, known)
      return known
    }
    const opened = openStoredLog(this.#store, id)
    this.#open.set(id, opened)
    opened.catch(() => this.#open.delete(id))
    const [oldest] = this.#open.keys()
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest)
    return opened
  }

  evidence(id: string, onFault: OnFault): Promise<EvidenceStore> {
    const opened = this.#evidence.get(id) ?? EvidenceStore.open(this.#store, id, onFault)
    this.#evidence.delete(id)
    this.#evidence.set(id, opened)
    opened.catch(() => this.#evidence.delete(id))
    const [oldest] = this.#evidence.keys()
    if (this.#evidence.size > MAX_OPEN && oldest !== undefined) this.#evidence.delete(oldest)
    return opened
  }

  async bootOctets(id: string): Promise<Uint8Array | undefined> {
    const known = this.#boots.get(id)
    if (known !== undefined || !this.#ids.includes(id)) return known
    const octets = await this.#readBoot(id)
    if (octets !== undefined && this.#boots.size < MAX_BOOTS) this.#boots.set(id, octets)
    return octets
  }

  names(id: string, jti: Uint8Array): Promise<boolean> {
    // Others may be written by gateways that live.
    return this.#indexes.names(id, jti, this.#chain.includes(id) ? 'over' : 'growing')
  }

  /** Strangers may ask for any: each log is looked at once, those that may grow every few seconds. */
  async logOfSession(hex: string): Promise<string | undefined> {
    if (!this.#sessions.has(hex) && this.#clock.monotonicMs() - this.#listedMs >= LOOK_MS) {
      this.#listedMs = this.#clock.monotonicMs()
      this.#listing = this.#listSessions()
    }
    await this.#listing
    return this.#sessions.get(hex)
  }

  async #listSessions(): Promise<void> {
    for (const id of this.#ids.slice(0, MAX_LISTED)) {
      if (this.#listed.has(id)) continue
      const isOver = this.#chain.includes(id)
      for (const hex of await this.#store.list(`log/${id}/session`))
        if (this.#sessions.size < MAX_SESSIONS) this.#sessions.set(hex, id)
      if (isOver) this.#listed.add(id)
    }
  }

  async #readBoot(id: string): Promise<Uint8Array | undefined> {
    const genesis = await this.#store.read(`log/${id}/genesis`, MAX_DOCUMENT)
    if (genesis === undefined) return undefined
    try {
      const digest = new ObjectReader(decodeJson(genesis), 'genesis', CODES).string('session', DIGEST_URI)
      const session = await this.#store.read(`log/${id}/session/${hexOf(digest)}`, MAX_DOCUMENT)
      if (session === undefined || digestUri(session) !== digest) return undefined
      return decodeBase64Url(decodeSession(session).boot)
    } catch (error) {
      if (error instanceof MalformedError) return undefined
      throw error
    }
  }

  /** Newest first, as each genesis names the log before it; those that no genesis names come behind. */
  async #follow(newest: string | undefined): Promise<void> {
    const chain: string[] = []
    const known = new Set(this.#ids)
    for (let id = newest; id !== undefined && known.delete(id); id = await readPreviousId(this.#store, id))
      chain.push(id)
    this.#chain = chain
    this.#order(this.#ids)
  }

  #order(ids: readonly string[]): void {
    const known = new Set(this.#chain)
    this.#ids = [...this.#chain, ...ids.filter((id) => !known.has(id))]
  }
}
