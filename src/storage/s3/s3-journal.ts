/**
 * A journal as one object for each sync, named by the place of its first octet: `<name>~/<place>`, sixteen decimal digits. Each is made
 * with `If-None-Match: *`, so that of two writers the second finds its place taken: it is fenced. An empty object at `begin` says that
 * there is a journal. @module
 */
import { CountersignError, StateError } from '../../errors.ts'
import type { Journal, JournalReader } from '../types.ts'
import type { Bucket } from './bucket.ts'

/** No name of an object ends in it. */
export const PARTS_SUFFIX = '~'
const BEGIN = 'begin'
const PLACE = /^[0-9]{16}$/
/** The most that is sent with one sync; more goes in several. */
const MAX_PART = 64 * 1024 * 1024

interface Part {
  readonly place: number
  readonly size: number
}

export function partsPrefix(key: string): string {
  return `${key}${PARTS_SUFFIX}/`
}

function partKey(key: string, place: number): string {
  return `${partsPrefix(key)}${String(place).padStart(16, '0')}`
}

/** Parts in order. A gap ends the journal: what is behind it was never acknowledged by one writer. */
async function listParts(bucket: Bucket, key: string): Promise<readonly Part[] | undefined> {
  const prefix = partsPrefix(key)
  const { objects } = await bucket.list(prefix)
  if (objects.length === 0) return undefined
  const parts = objects
    .map(({ key: each, size }) => ({ name: each.slice(prefix.length), size }))
    .filter(({ name }) => PLACE.test(name))
    .map(({ name, size }) => ({ place: Number(name), size }))
    .sort((a, b) => a.place - b.place)
  const gap = parts.findIndex(({ place }, i) => place !== endOf(parts[i - 1]))
  return gap < 0 ? parts : parts.slice(0, gap)
}

function endOf(part: Part | undefined): number {
  return part === undefined ? 0 : part.place + part.size
}

async function readParts(
  bucket: Bucket,
  key: string,
  wanted: { from: number; to: number; parts: readonly Part[] },
): Promise<Uint8Array> {
  const { from, parts } = wanted
  const to = Math.min(wanted.to, endOf(parts.at(-1)))
  const bytes = new Uint8Array(Math.max(0, to - from))
  for (const part of parts) {
    const begin = Math.max(from, part.place)
    const end = Math.min(to, endOf(part))
    if (begin >= end) continue
    const length = end - begin
    const found = await bucket.get(partKey(key, part.place), length, { offset: begin - part.place, length })
    if (found?.bytes.length !== length)
      throw new CountersignError(
        'ERR_STATE',
        `${partKey(key, part.place)} is gone or cut: restore the store from a backup`,
      )
    bytes.set(found.bytes, begin - from)
  }
  return bytes
}

async function eraseParts(
  bucket: Bucket,
  key: string,
  wanted: { from: number; to: number; parts: readonly Part[] },
): Promise<void> {
  const { from, to, parts } = wanted
  for (const part of parts) {
    const begin = Math.max(from, part.place)
    const end = Math.min(to, endOf(part))
    if (begin >= end) continue
    const found = await bucket.get(partKey(key, part.place), part.size)
    if (found === undefined) continue
    const bytes = found.bytes.slice()
    bytes.fill(0, begin - part.place, end - part.place)
    if (!(await bucket.put(partKey(key, part.place), bytes, { etag: found.etag })))
      throw new CountersignError('ERR_STATE', `${partKey(key, part.place)} was changed meanwhile: try again`)
  }
}

/** @returns undefined when there is no such journal */
export async function openParts(bucket: Bucket, key: string): Promise<JournalReader | undefined> {
  const parts = await listParts(bucket, key)
  return (
    parts && {
      size: async () => endOf(parts.at(-1)),
      read: (position, length) => readParts(bucket, key, { from: position, to: position + length, parts }),
      close: async () => {},
    }
  )
}

/** Erases in a journal that is no longer written. */
export class PartEraser {
  readonly #bucket: Bucket
  readonly #key: string

  constructor(bucket: Bucket, key: string) {
    this.#bucket = bucket
    this.#key = key
  }

  async erase(position: number, length: number): Promise<void> {
    const parts = (await listParts(this.#bucket, this.#key)) ?? []
    if (position < 0 || length < 0 || position + length > endOf(parts.at(-1)))
      throw new CountersignError('ERR_USAGE', 'only octets that are there can be erased')
    await eraseParts(this.#bucket, this.#key, { from: position, to: position + length, parts })
  }

  async close(): Promise<void> {}
}

export class S3Journal implements Journal {
  readonly #bucket: Bucket
  readonly #key: string
  readonly #parts: Part[] = []
  #waiting: Uint8Array[] = []
  #waitingOctets = 0
  #sending: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(bucket: Bucket, key: string) {
    this.#bucket = bucket
    this.#key = key
  }

  /** Rejects when there is one already. */
  async begin(): Promise<void> {
    if (!(await this.#bucket.put(`${partsPrefix(this.#key)}${BEGIN}`, new Uint8Array(0), { absent: true })))
      throw new CountersignError('ERR_USAGE', `there is a journal ${this.#key} already`)
  }

  /** A bucket has no end. */
  async reserve(): Promise<boolean> {
    this.#check()
    return true
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#check()
    this.#waiting.push(bytes.slice())
    this.#waitingOctets += bytes.length
  }

  sync(): Promise<void> {
    this.#sending = this.#sending.catch(() => {}).then(() => this.#send())
    return this.#sending
  }

  async erase(position: number, length: number): Promise<void> {
    await this.sync()
    if (position < 0 || length < 0 || position + length > endOf(this.#parts.at(-1)))
      throw new CountersignError('ERR_USAGE', 'only octets that were appended can be erased')
    await eraseParts(this.#bucket, this.#key, { from: position, to: position + length, parts: this.#parts })
  }

  async size(): Promise<number> {
    return endOf(this.#parts.at(-1)) + this.#waitingOctets
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    if (this.#failure === undefined && this.#waitingOctets > 0) await this.sync()
    return readParts(this.#bucket, this.#key, { from: position, to: position + length, parts: this.#parts })
  }

  async close(): Promise<void> {
    await this.#sending.catch(() => {})
  }

  async #send(): Promise<void> {
    this.#check()
    const bytes = new Uint8Array(Buffer.concat(this.#waiting))
    this.#waiting = []
    this.#waitingOctets = 0
    for (let at = 0; at < bytes.length; at += MAX_PART) await this.#sendPart(bytes.subarray(at, at + MAX_PART))
  }

  async #sendPart(bytes: Uint8Array): Promise<void> {
    const place = endOf(this.#parts.at(-1))
    try {
      if (
        !(await this.#bucket.put(partKey(this.#key, place), bytes, { absent: true })) &&
        !(await this.#isOurs(place, bytes))
      )
        throw new StateError('LOG_FENCED', `another process wrote at ${partKey(this.#key, place)}`)
    } catch (error) {
      this.#failure = error
      throw error
    }
    this.#parts.push({ place, size: bytes.length })
  }

  /** A request that was sent twice, because its first answer was lost, finds its own octets. */
  async #isOurs(place: number, bytes: Uint8Array): Promise<boolean> {
    const found = await this.#bucket.get(partKey(this.#key, place), MAX_PART)
    return found !== undefined && Buffer.compare(found.bytes, bytes) === 0
  }

  #check(): void {
    if (this.#failure !== undefined)
      throw new CountersignError('ERR_LOG_APPEND', 'this journal failed before and is not written any more', {
        cause: this.#failure,
      })
  }
}
