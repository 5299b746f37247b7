/** Copies objects and journals from one store to another, each once, and reads back what it wrote. @module */
import { createHash } from 'node:crypto'
import { CountersignError } from '../../errors.ts'
import type { JournalReader, ObjectStore, StoredObject } from '../types.ts'

/** How much was copied, and read back. */
export interface Copied {
  readonly objects: number
  readonly octets: number
}

/** The names that are journals; all others are objects. */
const JOURNAL = /^private\/[^/]+\/wal\/[^/]+$/
/** The largest object there may be: a run of an index. */
const MAX_OBJECT = 256 * 1024 * 1024
const BATCH_OBJECTS = 64
const BATCH_OCTETS = 8 * 1024 * 1024
const CHUNK = 1024 * 1024

export class Copier {
  readonly #source: ObjectStore
  readonly #target: ObjectStore
  readonly #onProgress: (copied: Copied) => void
  readonly #seen = new Set<string>()
  #batch: StoredObject[] = []
  #batchOctets = 0
  #copied: Copied = { objects: 0, octets: 0 }

  constructor(source: ObjectStore, target: ObjectStore, onProgress: (copied: Copied) => void) {
    this.#source = source
    this.#target = target
    this.#onProgress = onProgress
  }

  /**
   * All below a folder that was not copied yet.
   * @param except what of the folder itself is left out
   */
  async copyFolder(folder: string, except: readonly string[] = []): Promise<void> {
    for (const entry of await this.#source.list(folder)) {
      const segment = entry.replace(/\/$/, '')
      if (except.includes(segment)) continue
      const name = folder === '' ? segment : `${folder}/${segment}`
      if (entry.endsWith('/')) await this.copyFolder(name)
      else await this.#copy(name)
    }
  }

  async #copy(name: string): Promise<void> {
    if (this.#seen.has(name)) return
    if (JOURNAL.test(name)) return this.#copyJournal(name)
    const bytes = await this.#source.read(name, MAX_OBJECT)
    if (bytes === undefined) return
    await this.put(name, bytes)
  }

  /** Leaves an object out. */
  passOver(name: string): void {
    this.#seen.add(name)
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#seen.add(name)
    this.#batch.push({ name, bytes })
    this.#batchOctets += bytes.length
    if (this.#batch.length >= BATCH_OBJECTS || this.#batchOctets >= BATCH_OCTETS) await this.flush()
  }

  /** Writes and reads back what is waiting. */
  async flush(): Promise<Copied> {
    const batch = this.#batch
    this.#batch = []
    this.#batchOctets = 0
    if (batch.length > 0) await this.#target.write(batch)
    for (const { name, bytes } of batch) {
      const found = await this.#target.read(name, bytes.length)
      if (found === undefined || Buffer.compare(found, bytes) !== 0) throw differs(name)
      this.#count(bytes.length)
    }
    return this.#copied
  }

  async #copyJournal(name: string): Promise<void> {
    const journal = await this.#source.openJournal(name)
    if (journal === undefined) return
    this.#seen.add(name)
    try {
      // Its end is fixed first: whoever appends meanwhile must not leave a hole behind octets that we read before.
      const end = await endOf(journal)
      const made = await this.#target.createJournal(name)
      const digest = createHash('sha256')
      try {
        for (let at = 0; at < end; at += CHUNK) {
          const bytes = await journal.read(at, Math.min(CHUNK, end - at))
          digest.update(bytes)
          await made.append(bytes)
        }
        await made.sync()
      } finally {
        await made.close()
      }
      const expected = digest.digest()
      if (Buffer.compare(await this.#digestOf(name, end), expected) !== 0) throw differs(name)
      this.#count(end)
    } finally {
      await journal.close()
    }
  }

  async #digestOf(name: string, end: number): Promise<Buffer> {
    const journal = await this.#target.openJournal(name)
    if (journal === undefined) throw differs(name)
    const digest = createHash('sha256')
    try {
      for (let at = 0; at < end; at += CHUNK) digest.update(await journal.read(at, Math.min(CHUNK, end - at)))
    } finally {
      await journal.close()
    }
    return digest.digest()
  }

  #count(octets: number): void {
    this.#copied = { objects: this.#copied.objects + 1, octets: this.#copied.octets + octets }
    this.#onProgress(this.#copied)
  }
}

/** Behind the last octet that is not zero: what is there else was reserved and not written. */
async function endOf(journal: JournalReader): Promise<number> {
  for (let end = await journal.size(); end > 0; end = Math.max(0, end - CHUNK)) {
    const from = Math.max(0, end - CHUNK)
    const bytes = await journal.read(from, end - from)
    const last = bytes.findLastIndex((octet) => octet !== 0)
    if (last >= 0) return from + last + 1
  }
  return 0
}

function differs(name: string): CountersignError {
  return new CountersignError('ERR_STATE', `the copy of ${name} does not read as it was written: use another medium`)
}
