/**
 * A disk in memory that forgets what was not synced: a file keeps its synced octets and whatever part of the others a crash happens to
 * leave, a name stays only if its directory was synced. Every operation can be made the last one, or fail. @module
 */
import { dirname } from 'node:path'
import type { FileSystem, LogFile } from '../../../src/server/log/index.ts'

interface Node {
  bytes: Uint8Array
  synced: number
}

export interface Step {
  readonly operation: 'createDirectory' | 'create' | 'append' | 'sync' | 'rename' | 'remove' | 'syncDirectory'
  readonly path: string
}

export class MemoryFiles implements FileSystem {
  /** What was asked of the disk, in order. */
  readonly steps: Step[] = []
  /** Called before each step; throws to make it fail, waits for ever to end the process there. */
  onStep: (step: Step, count: number) => Promise<void> | void = () => {}
  readonly #files: Map<string, Node> = new Map()
  readonly #directories: Set<string> = new Set(['/'])
  readonly #durableNames: Map<string, Node | 'directory'> = new Map()

  async createDirectory(path: string): Promise<void> {
    await this.#step('createDirectory', path)
    this.#directories.add(path)
  }

  async create(path: string): Promise<LogFile> {
    await this.#step('create', path)
    this.#requireDirectory(path)
    if (this.#files.has(path)) throw new Error(`EEXIST ${path}`)
    const node: Node = { bytes: new Uint8Array(0), synced: 0 }
    this.#files.set(path, node)
    return this.#handle(path, node)
  }

  async open(path: string): Promise<LogFile | undefined> {
    const node = this.#files.get(path)
    return node && this.#handle(path, node)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', to)
    const node = this.#files.get(from)
    if (node === undefined) throw new Error(`ENOENT ${from}`)
    this.#files.delete(from)
    this.#files.set(to, node)
  }

  async remove(path: string): Promise<void> {
    await this.#step('remove', path)
    for (const name of [...this.#files.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.#files.delete(name)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#step('syncDirectory', path)
    for (const name of [...this.#durableNames.keys()])
      if (dirname(name) === path && !this.#files.has(name) && !this.#directories.has(name))
        this.#durableNames.delete(name)
    for (const [name, node] of this.#files) if (dirname(name) === path) this.#durableNames.set(name, node)
    for (const name of this.#directories) if (dirname(name) === path) this.#durableNames.set(name, 'directory')
  }

  /** Octets of a file as they stand, durable or not. */
  read(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.bytes
  }

  /** Paths of all files. */
  paths(): readonly string[] {
    return [...this.#files.keys()].sort()
  }

  /** Puts a file there, for tests that damage one. */
  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { bytes, synced: bytes.length })
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) this.#directories.add(parent)
  }

  /**
   * The disk as the next boot may find it.
   * @param survives whether an octet behind the synced ones made it, by its place
   */
  afterCrash(survives: (place: number) => boolean): MemoryFiles {
    const found = new MemoryFiles()
    for (const [name, node] of this.#durableNames) {
      if (node === 'directory' || !this.#isReachable(name)) continue
      found.put(
        name,
        node.bytes.map((octet, place) => (place < node.synced || survives(place) ? octet : 0)),
      )
    }
    return found
  }

  #isReachable(name: string): boolean {
    const parent = dirname(name)
    return parent === '/' || (this.#durableNames.get(parent) === 'directory' && this.#isReachable(parent))
  }

  #handle(path: string, node: Node): LogFile {
    return {
      append: async (bytes) => {
        await this.#step('append', path)
        node.bytes = new Uint8Array(Buffer.concat([node.bytes, bytes]))
      },
      sync: async () => {
        const length = node.bytes.length
        await this.#step('sync', path)
        node.synced = length
      },
      read: async (position, length) => node.bytes.slice(position, position + length),
      size: async () => node.bytes.length,
      close: async () => {},
    }
  }

  async #step(operation: Step['operation'], path: string): Promise<void> {
    const step = { operation, path }
    this.steps.push(step)
    await this.onStep(step, this.steps.length)
  }

  #requireDirectory(path: string): void {
    if (!this.#directories.has(dirname(path))) throw new Error(`ENOENT ${dirname(path)}`)
  }
}
