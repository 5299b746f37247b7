/** Small files that are there whole or not at all: temporary file, fsync, rename, fsync of the directory. @module */
import { dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'

/** Replaces files of one log. What it wrote stays after a crash once `settle` has resolved. */
export class DurableFiles {
  readonly #files: FileSystem
  readonly #known: Set<string>
  readonly #touched: Set<string> = new Set()

  /** @param root a directory that exists; what lies above it is not ours */
  constructor(files: FileSystem, root: string) {
    this.#files = files
    this.#known = new Set([root])
  }

  /** Writes a file whole under a temporary name and renames it. The name is durable after {@link settle}. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const directory = dirname(path)
    await this.ensureDirectory(directory)
    const temporary = `${path}.tmp`
    const file = await this.#files.create(temporary)
    try {
      await file.append(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#files.rename(temporary, path)
    this.#touched.add(directory)
  }

  /** Makes a directory below the root. Its name is durable after {@link settle}. */
  async ensureDirectory(path: string): Promise<void> {
    if (this.#known.has(path)) return
    const parent = dirname(path)
    await this.ensureDirectory(parent)
    await this.#files.createDirectory(path)
    this.#known.add(path)
    this.#touched.add(parent)
  }

  /** Resolves when every rename and directory so far is durable. */
  async settle(): Promise<void> {
    for (const directory of this.#touched) await this.#files.syncDirectory(directory)
    this.#touched.clear()
  }
}
