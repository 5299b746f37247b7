/**
 * Objects in a bucket. Conditional writes stand for what a disk does by links and renames: `If-None-Match: *` makes an object once,
 * `If-Match` replaces the octets that were read. What a bucket accepted is durable. @module
 */

import { isSegment, requireFolder, requireName } from '../names.ts'
import type { S3Place } from '../storage-config.ts'
import type { Journal, JournalReader, ObjectStore, StoredObject } from '../types.ts'
import { Bucket, type Condition } from './bucket.ts'
import { requireConditions } from './conditions.ts'
import { openParts, PARTS_SUFFIX, PartEraser, partsPrefix, S3Journal } from './s3-journal.ts'

const MAX_OBJECT = 16 * 1024 * 1024
/** Requests under way at once. */
const ABREAST = 16
/** Nothing in a bucket tells an object from a copy of it. */
const NO_MARK = 'none'

/** Credentials come from the environment, as for any client of the library. */
export function createS3Store(place: S3Place): ObjectStore {
  return new S3Store(new Bucket(place), place.prefix)
}

class S3Store implements ObjectStore {
  readonly #bucket: Bucket
  readonly #prefix: string
  #conditions: Promise<void> | undefined

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix
  }

  async read(name: string, limit: number = MAX_OBJECT): Promise<Uint8Array | undefined> {
    return (await this.#bucket.get(this.#key(name), limit))?.bytes
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return (await this.#bucket.get(this.#key(name), length, { offset, length }))?.bytes
  }

  async write(objects: readonly StoredObject[]): Promise<void> {
    const requests = objects.map(({ name, bytes }) => ({ key: this.#key(name), bytes }))
    for (let i = 0; i < requests.length; i += ABREAST) {
      const sent = requests.slice(i, i + ABREAST).map(({ key, bytes }) => this.#bucket.put(key, bytes))
      for (const result of await Promise.allSettled(sent)) if (result.status === 'rejected') throw result.reason
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#put(name, bytes, { absent: true })
  }

  async createMarked(name: string, content: (mark: string) => Uint8Array): Promise<boolean> {
    return this.create(name, content(NO_MARK))
  }

  async isMarked(name: string, mark: string): Promise<boolean> {
    return mark === NO_MARK && (await this.#bucket.get(this.#key(name), MAX_OBJECT)) !== undefined
  }

  async swap(name: string, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean> {
    if (expected === undefined) return this.create(name, bytes)
    const found = await this.#bucket.get(this.#key(name), MAX_OBJECT)
    if (found === undefined || Buffer.compare(found.bytes, expected) !== 0) return false
    return this.#put(name, bytes, { etag: found.etag })
  }

  async list(folder: string): Promise<readonly string[]> {
    const within = requireFolder(folder)
    const prefix = `${this.#prefix}${within === '' ? '' : `${within}/`}`
    const { objects, folders } = await this.#bucket.list(prefix)
    const segments = folders.map((each) => each.slice(prefix.length, -1))
    const journals = segments.filter((each) => each.endsWith(PARTS_SUFFIX)).map((each) => each.slice(0, -1))
    return [
      ...objects.map(({ key }) => key.slice(prefix.length)).filter(isSegment),
      ...journals.filter(isSegment),
      ...segments.filter(isSegment).map((each) => `${each}/`),
    ].sort()
  }

  async remove(names: readonly string[]): Promise<void> {
    const keys = names.map((name) => this.#key(name))
    const parts: string[] = []
    for (let i = 0; i < keys.length; i += ABREAST) {
      const listed = await Promise.all(keys.slice(i, i + ABREAST).map((key) => this.#bucket.list(partsPrefix(key))))
      parts.push(...listed.flatMap(({ objects }) => objects.map(({ key }) => key)))
    }
    await this.#bucket.remove([...keys, ...parts])
  }

  /** Here an object is never there in part. */
  async removeLeftovers(): Promise<void> {}

  async createJournal(name: string): Promise<Journal> {
    const journal = new S3Journal(this.#bucket, this.#key(name))
    await journal.begin()
    return journal
  }

  async openJournal(name: string): Promise<JournalReader | undefined> {
    return openParts(this.#bucket, this.#key(name))
  }

  async openJournalForErasure(name: string): Promise<Pick<Journal, 'erase' | 'close'> | undefined> {
    const key = this.#key(name)
    return (await openParts(this.#bucket, key)) && new PartEraser(this.#bucket, key)
  }

  /** A bucket has no end; a quota of one that has comes as a failure like any other. */
  isFull(): boolean {
    return false
  }

  /** A request that was sent twice, because its first answer was lost, is refused for its own octets. */
  async #put(name: string, bytes: Uint8Array, condition: Condition): Promise<boolean> {
    await this.#requireConditions()
    const key = this.#key(name)
    if (await this.#bucket.put(key, bytes, condition)) return true
    const found = await this.#bucket.get(key, MAX_OBJECT)
    return found !== undefined && Buffer.compare(found.bytes, bytes) === 0
  }

  /** Before the first write that counts on them, so that who only reads needs no right to write. */
  #requireConditions(): Promise<void> {
    this.#conditions ??= requireConditions(this.#bucket, this.#prefix).catch((error: unknown) => {
      this.#conditions = undefined
      throw error
    })
    return this.#conditions
  }

  #key(name: string): string {
    return `${this.#prefix}${requireName(name)}`
  }
}
