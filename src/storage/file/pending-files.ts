/** Files that are whole before they have their name. @module */
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { isMissing } from './disk-errors.ts'
import type { DiskFile, FileSystem } from './file-system.ts'

/** No name of an object: nothing that is listed, read or served can be in it. */
const FOLDER = '~pending'
/** Files on their way to the disk at once. */
const ABREAST = 16

/** Octets, or what makes them of the mark of the file that they go into. */
export type Content = Uint8Array | ((mark: string) => Uint8Array)

export interface WholeFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export class PendingFiles {
  readonly #root: string
  readonly #files: FileSystem
  /** Directories of which the names are durable. */
  readonly #known = new Set<string>()
  readonly #unique = randomBytes(8).toString('hex')
  #count = 0

  /** @param root parent of all paths; what lies above it is the operator's, but for its own name where it is made here */
  constructor(root: string, files: FileSystem) {
    this.#root = root
    this.#files = files
  }

  /** All are written and synced, then renamed, then the directories are synced, each once. */
  async replace(objects: readonly WholeFile[]): Promise<void> {
    const pending: { readonly path: string; readonly temporary: string }[] = []
    try {
      const made = await this.#makeDirectories(objects.map(({ path }) => path))
      for (let i = 0; i < objects.length; i += ABREAST)
        await allSettled(
          objects.slice(i, i + ABREAST).map(async ({ path, bytes }) => {
            const temporary = this.#newPath()
            pending.push({ path, temporary })
            await this.#writeWhole(temporary, bytes)
          }),
        )
      for (const { path, temporary } of pending) await this.#files.rename(temporary, path)
      await this.#settle(made)
    } catch (error) {
      await this.#discard(pending.map(({ temporary }) => temporary))
      throw error
    }
  }

  /**
   * Gives a whole, synced file its name, unless that is taken: the file that has the name is never a part of one, and of two that want
   * it, in whatever processes, the file system lets one win.
   */
  async create(path: string, content: Content): Promise<boolean> {
    const temporary = this.#newPath()
    try {
      const made = await this.#makeDirectories([path])
      await this.#writeWhole(temporary, content)
      const isMade = await this.#files.link(temporary, path)
      // Whoever is told that there is one already may rely on it: its name must be durable too.
      await this.#settle(made)
      return isMade
    } finally {
      await this.#discard([temporary])
    }
  }

  /** An empty file under its own name, which is durable. Rejects when there is one. */
  async createInPlace(path: string): Promise<DiskFile> {
    const made = await this.#makeDirectories([path])
    const file = await this.#files.create(path)
    try {
      await this.#settle(made)
      return file
    } catch (error) {
      await file.close()
      await this.#discard([path])
      throw error
    }
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#files.unlink(path)
    for (const directory of new Set(paths.map(dirname))) {
      try {
        await this.#files.syncDirectory(directory)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    }
  }

  async removeLeftovers(): Promise<void> {
    const folder = join(this.#root, FOLDER)
    const found = (await this.#files.list(folder)) ?? []
    const others = found.filter(({ name }) => !name.startsWith(this.#unique))
    for (const { name } of others) await this.#files.remove(join(folder, name))
  }

  #newPath(): string {
    this.#count++
    return join(this.#root, FOLDER, `${this.#unique}-${this.#count}`)
  }

  async #writeWhole(path: string, content: Content): Promise<void> {
    const file = await this.#files.create(path)
    try {
      await file.write(0, content instanceof Uint8Array ? content : content(await file.mark()))
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Makes what is missing of the directories of these paths, and of our own. */
  async #makeDirectories(paths: readonly string[]): Promise<Made> {
    const made: Made = { directories: new Set(), touched: new Set(paths.map(dirname)) }
    for (const path of paths) await this.#ensureDirectory(dirname(path), made)
    await this.#ensureDirectory(join(this.#root, FOLDER), made)
    return made
  }

  async #ensureDirectory(directory: string, made: Made): Promise<void> {
    if (this.#known.has(directory) || made.directories.has(directory)) return
    if (directory === this.#root) {
      // One that is there was made by the operator, perhaps below a folder that we may not open.
      if ((await this.#files.list(directory)) === undefined) {
        await this.#files.createDirectory(directory)
        made.touched.add(dirname(directory))
      }
    } else {
      await this.#ensureDirectory(dirname(directory), made)
      await this.#files.createDirectory(directory)
      made.touched.add(dirname(directory))
    }
    made.directories.add(directory)
  }

  /** Resolves when every name is durable. */
  async #settle({ directories, touched }: Made): Promise<void> {
    for (const directory of touched) await this.#files.syncDirectory(directory)
    for (const directory of directories) this.#known.add(directory)
  }

  async #discard(paths: readonly string[]): Promise<void> {
    // What cannot be removed now is removed with the leftovers; the failure that led here is the one to tell.
    for (const path of paths) await this.#files.unlink(path).catch(() => {})
  }
}

/** Directories that were made and are not durable yet, and those that hold new names. */
interface Made {
  readonly directories: Set<string>
  readonly touched: Set<string>
}

/** Waits for all, also when one fails: none may go on behind the back of whoever cleans up. */
async function allSettled(tasks: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(tasks)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
