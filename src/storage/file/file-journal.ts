/**
 * A journal as one file. Space is reserved by writing zeros ahead, so that an append within it changes no metadata: its fdatasync
 * writes the octets alone, and a full disk cannot fail it. @module
 */
import { CountersignError } from '../../errors.ts'
import type { Journal, JournalReader } from '../types.ts'
import { isDiskFull } from './disk-errors.ts'
import type { DiskFile } from './file-system.ts'
import { Serial } from './serial.ts'

/** Reserved at a time where there is room for it, at least. */
const STEP = 64 * 1024
const BLOCK = 4096
const ZEROS = new Uint8Array(64 * 1024)

export class FileJournal implements Journal {
  readonly #file: DiskFile
  readonly #appends = new Serial()
  // Errors of a sync are told to one caller of it only: never two at once.
  readonly #syncs = new Serial()
  #end = 0
  /** Zeros up to here are on stable storage. */
  #reserved = 0
  /** Octets up to here were synced. */
  #synced = 0
  #failure: unknown

  /** @param file empty, with a name that is durable */
  constructor(file: DiskFile) {
    this.#file = file
  }

  reserve(octets: number): Promise<boolean> {
    return this.#appends.run(async () => {
      this.#check()
      const needed = this.#end + octets
      if (needed <= this.#reserved) return true
      const target = roundUp(needed, STEP)
      if (await this.#extend(target)) return true
      // Not as much room as we like to have ahead; perhaps as much as is needed.
      const least = roundUp(needed, BLOCK)
      return least < target && this.#extend(least)
    })
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#appends.run(async () => {
      this.#check()
      try {
        await this.#file.write(this.#end, bytes)
      } catch (error) {
        // Without room, the octets that fitted lie behind the end: the next append overwrites them.
        if (!isDiskFull(error)) this.#failure = error
        throw error
      }
      this.#end += bytes.length
    })
  }

  sync(): Promise<void> {
    return this.#syncs.run(async () => {
      this.#check()
      const end = this.#end
      await this.#datasync()
      this.#synced = end
    })
  }

  async erase(position: number, length: number): Promise<void> {
    if (position < 0 || length < 0 || position + length > this.#end)
      throw new CountersignError('ERR_USAGE', 'only octets that were appended can be erased')
    await this.#syncs.run(async () => {
      this.#check()
      await writeZeros(this.#file, position, position + length)
      await this.#datasync()
    })
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#file.read(position, length)
  }

  async close(): Promise<void> {
    await this.#appends.run(() => this.#syncs.run(() => this.#file.close()))
  }

  #extend(target: number): Promise<boolean> {
    return this.#syncs.run(async () => {
      this.#check()
      const isAllSynced = this.#synced === this.#end
      try {
        await writeZeros(this.#file, Math.max(this.#end, this.#reserved), target)
      } catch (error) {
        if (isDiskFull(error)) return false
        this.#failure = error
        throw error
      }
      try {
        await this.#file.sync()
      } catch (error) {
        // With nothing but zeros at stake the next try writes them anew: its sync says nothing of octets that this one lost.
        if (isDiskFull(error) && isAllSynced) return false
        this.#failure = error
        throw error
      }
      this.#reserved = target
      this.#synced = this.#end
      return true
    })
  }

  /** After a failed sync the system may have forgotten the octets and call the next one a success: the journal is over. */
  async #datasync(): Promise<void> {
    try {
      await this.#file.sync()
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #check(): void {
    if (this.#failure !== undefined)
      throw new CountersignError('ERR_LOG_APPEND', 'this journal failed before and is not written any more', {
        cause: this.#failure,
      })
  }
}

/** A journal that is no longer written. */
export function journalReader(file: DiskFile): JournalReader {
  return {
    size: () => file.size(),
    read: (position, length) => file.read(position, length),
    close: () => file.close(),
  }
}

/** A journal that is no longer written, but of which parts must go. */
export function journalForErasure(file: DiskFile): Pick<Journal, 'erase' | 'close'> {
  return {
    async erase(position, length) {
      if (position < 0 || length < 0 || position + length > (await file.size()))
        throw new CountersignError('ERR_USAGE', 'only octets that are there can be erased')
      await writeZeros(file, position, position + length)
      await file.sync()
    },
    close: () => file.close(),
  }
}

function roundUp(octets: number, step: number): number {
  return Math.ceil(octets / step) * step
}

async function writeZeros(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += ZEROS.length)
    await file.write(at, ZEROS.subarray(0, Math.min(ZEROS.length, to - at)))
}
