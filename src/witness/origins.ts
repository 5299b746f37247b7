/**
 * The logs that this witness follows, on the store alone: nothing is remembered that another process could have changed meanwhile.
 *
 * ```
 * origins/<sha256 of the origin>/<n>      its records; the one with the highest n is the newest: the last checkpoint that was cosigned
 * hosts/<sha256 of the host>/<place>      which origin was enrolled there, from place 00000000 on without gaps
 * ```
 * A record is never replaced: the next one is created, which of several processes on one folder exactly one can do. The place in the
 * list is taken first; one whose origin has its record elsewhere, or none, is what a crash or a race left, and counts for nothing. @module
 */
import { decodeLogOrigin } from '../core/log/index.ts'
import { StateError } from '../errors.ts'
import type { ObjectStore } from '../storage/index.ts'
import {
  type Cosigned,
  decodeHostEntry,
  decodeOriginRecord,
  digestName,
  encodeHostEntry,
  encodeOriginRecord,
  type OriginRecord,
  originFolder,
} from './origin-record.ts'

/** The newest record with its number. */
export interface StoredOrigin {
  readonly record: OriginRecord
  readonly number: number
}

export interface Enrolment {
  readonly origin: string
  /** Seconds. */
  readonly since: number
  /** How many of its host may be enrolled in a day. */
  readonly perDay: number
}

export interface HostPage {
  readonly origins: readonly OriginRecord[]
  /** Places that there are. */
  readonly count: number
  /** The place where the next page begins. */
  readonly next: number | undefined
}

/** All that is asked of a store. `create` decides between processes. */
export type WitnessStore = Pick<ObjectStore, 'read' | 'create' | 'list' | 'remove'>

const DAY = 24 * 60 * 60
const PLACE_DIGITS = 8
const NUMBER_DIGITS = 16
const PAGE = 32
const MAX_RACES = 16
/** Records of one origin that stay: whoever lists them while others move on sees at least one that is newer than its own. */
const KEPT = 8

export class Origins {
  readonly #store: WitnessStore

  constructor(store: WitnessStore) {
    this.#store = store
  }

  /** @throws MalformedError when the record is damaged; StateError when it cannot be found at all */
  async read(origin: string): Promise<StoredOrigin | undefined> {
    const stored = await this.#newestIn(originFolder(origin))
    if (stored !== undefined && stored.record.origin !== origin)
      throw new StateError('LOG_LEAF_CORRUPT', 'the record of a log lies under the name of another')
    return stored
  }

  /** Makes `cosigned` the newest, durably; false when another process moved on since `stored` was read. */
  advance({ record, number }: StoredOrigin, cosigned: Cosigned): Promise<boolean> {
    return this.#append({ ...record, cosigned }, number + 1)
  }

  /** Takes the next free place, unless the one `perDay` places before it is younger than a day: exact for any number of processes. */
  async enrol({ origin, since, perDay }: Enrolment): Promise<'enrolled' | 'known' | 'too-many'> {
    if ((await this.read(origin)) !== undefined) return 'known'
    const folder = hostFolder(decodeLogOrigin(origin).host)
    const { length } = await this.#store.list(folder)
    for (let place = length; place < length + MAX_RACES; place++) {
      const before = place < perDay ? undefined : await this.#store.read(placeName(folder, place - perDay))
      if (before !== undefined && decodeHostEntry(before).since > since - DAY) return 'too-many'
      if (!(await this.#store.create(placeName(folder, place), encodeHostEntry({ origin, since })))) continue
      const isFirst = await this.#append({ origin, place, since, cosigned: undefined }, 1)
      return isFirst ? 'enrolled' : 'known'
    }
    return 'too-many'
  }

  /** The origins of a host from a place on, oldest first, at most 32. */
  async page(host: string, from: number): Promise<HostPage> {
    const folder = hostFolder(host)
    const { length: count } = await this.#store.list(folder)
    const end = Math.min(count, from + PAGE)
    const origins: OriginRecord[] = []
    for (let place = from; place < end; place++) {
      const entry = await this.#store.read(placeName(folder, place))
      const stored = entry && (await this.read(decodeHostEntry(entry).origin))
      if (stored?.record.place === place) origins.push(stored.record)
    }
    return { origins, count, next: end < count ? end : undefined }
  }

  /** The newest time that any record bears, 0 without any. Reads them all: a damaged one shows here, before anything is signed. */
  async newestTime(): Promise<number> {
    let newest = 0
    for (const folder of await this.#store.list('origins')) {
      const stored = await this.#newestIn(`origins/${folder.replace(/\/$/, '')}`)
      newest = Math.max(newest, stored?.record.cosigned?.time ?? 0)
    }
    return newest
  }

  async #newestIn(folder: string): Promise<StoredOrigin | undefined> {
    for (let tries = 0; tries < MAX_RACES; tries++) {
      const newest = (await this.#store.list(folder)).at(-1)
      if (newest === undefined) return undefined
      const bytes = await this.#store.read(`${folder}/${newest}`)
      // Gone between list and read: others moved on.
      if (bytes !== undefined) return { record: decodeOriginRecord(bytes), number: Number(newest) }
    }
    throw new StateError('LOG_FENCED', 'the records of a log change faster than they can be read')
  }

  async #append(record: OriginRecord, number: number): Promise<boolean> {
    const folder = originFolder(record.origin)
    if (!(await this.#store.create(recordName(folder, number), encodeOriginRecord(record)))) return false
    // Whoever waited long between reading and this may have filled a gap that was cleared away. The newest is never removed, so that it
    // shows now whether this one came too late.
    const names = await this.#store.list(folder)
    const isNewest = Number(names.at(-1)) === number
    const over = isNewest ? names.slice(0, -KEPT) : []
    if (over.length > 0) await this.#store.remove(over.map((name) => `${folder}/${name}`))
    return isNewest
  }
}

function hostFolder(host: string): string {
  return `hosts/${digestName(host)}`
}

function placeName(folder: string, place: number): string {
  return `${folder}/${String(place).padStart(PLACE_DIGITS, '0')}`
}

function recordName(folder: string, number: number): string {
  return `${folder}/${String(number).padStart(NUMBER_DIGITS, '0')}`
}
