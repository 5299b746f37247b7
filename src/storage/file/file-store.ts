/**
 * Objects as files below one folder, on one file system. An object is made under another name, synced, and only then given its own, and
 * the folder is synced: whatever moment the machine stops at, an object is as it was or whole. @module
 */
import { join, resolve } from 'node:path'
import { CountersignError } from '../../errors.ts'
import { isSegment, requireFolder, requireName } from '../names.ts'
import type { Journal, JournalReader, ObjectStore, StoredObject } from '../types.ts'
import { isDiskFull } from './disk-errors.ts'
import { FileJournal, journalForErasure, journalReader } from './file-journal.ts'
import type { DiskFile, FileSystem } from './file-system.ts'
import { nodeFiles } from './node-files.ts'
import { PendingFiles } from './pending-files.ts'
import { Serial } from './serial.ts'

const MAX_OBJECT = 16 * 1024 * 1024

/** @param root the folder; made with the first object where it is not there */
export function createFileStore(root: string, files: FileSystem = nodeFiles): ObjectStore {
  // As `join` spells what lies below it: `./data` and `data/` are the folder `data`.
  return new FileStore(resolve(root), files)
}

class FileStore implements ObjectStore {
  readonly #root: string
  readonly #files: FileSystem
  readonly #pending: PendingFiles
  readonly #swaps = new Serial()

  constructor(root: string, files: FileSystem) {
    this.#root = root
    this.#files = files
    this.#pending = new PendingFiles(root, files)
  }

  async read(name: string, limit: number = MAX_OBJECT): Promise<Uint8Array | undefined> {
    return this.#withFile(name, async (file) => {
      // The size of a file on the host's disk is the host's to choose: nothing is allocated for more than the limit.
      const size = await file.size()
      if (size > limit) throw new CountersignError('ERR_STATE', `${name} is larger than ${limit} octets`)
      return file.read(0, size)
    })
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return this.#withFile(name, async (file) => {
      const size = await file.size()
      return file.read(offset, Math.max(0, Math.min(length, size - offset)))
    })
  }

  async write(objects: readonly StoredObject[]): Promise<void> {
    await this.#pending.replace(objects.map(({ name, bytes }) => ({ path: this.#path(name), bytes })))
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#pending.create(this.#path(name), bytes)
  }

  async createMarked(name: string, content: (mark: string) => Uint8Array): Promise<boolean> {
    return this.#pending.create(this.#path(name), content)
  }

  async isMarked(name: string, mark: string): Promise<boolean> {
    return this.#files.isMarked(this.#path(name), mark)
  }

  async swap(name: string, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean> {
    if (expected === undefined) return this.create(name, bytes)
    // Of this process, one at a time. Another process that writes here is what the lease keeps out.
    return this.#swaps.run(async () => {
      const found = await this.read(name, expected.length).catch(asUnequal)
      if (found === undefined || Buffer.compare(found, expected) !== 0) return false
      await this.write([{ name, bytes }])
      return true
    })
  }

  async list(folder: string): Promise<readonly string[]> {
    const entries = (await this.#files.list(join(this.#root, requireFolder(folder)))) ?? []
    return entries
      .filter(({ name }) => isSegment(name))
      .map(({ name, isDirectory }) => (isDirectory ? `${name}/` : name))
      .sort()
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#pending.remove(names.map((name) => this.#path(name)))
  }

  removeLeftovers(): Promise<void> {
    return this.#pending.removeLeftovers()
  }

  async createJournal(name: string): Promise<Journal> {
    return new FileJournal(await this.#pending.createInPlace(this.#path(name)))
  }

  async openJournal(name: string): Promise<JournalReader | undefined> {
    const file = await this.#files.open(this.#path(name))
    return file && journalReader(file)
  }

  async openJournalForErasure(name: string): Promise<Pick<Journal, 'erase' | 'close'> | undefined> {
    const file = await this.#files.openForWriting(this.#path(name))
    return file && journalForErasure(file)
  }

  isFull(error: unknown): boolean {
    return isDiskFull(error)
  }

  #path(name: string): string {
    return join(this.#root, requireName(name))
  }

  async #withFile<T>(name: string, use: (file: DiskFile) => Promise<T>): Promise<T | undefined> {
    const file = await this.#files.open(this.#path(name))
    if (file === undefined) return undefined
    try {
      return await use(file)
    } finally {
      await file.close()
    }
  }
}

/** An object above the limit is longer than what was expected. */
function asUnequal(error: unknown): undefined {
  if (error instanceof CountersignError && error.code === 'ERR_STATE') return undefined
  throw error
}
