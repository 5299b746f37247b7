/**
 * A disk in memory that forgets what was not synced: a file keeps its synced octets and whatever part of the others a crash happens to
 * leave, a name stays only if its directory was synced. Every operation can be made the last one, or fail. @module
 */
import { dirname } from 'node:path'
import type { DirectoryEntry, DiskFile, FileSystem } from '../../src/storage/index.ts'

interface Range {
  readonly from: number
  readonly bytes: Uint8Array
}

/** Octets with room to grow, and what of them a disk would still have. */
class Node {
  readonly inode: number
  #octets = new Uint8Array(0)
  #durable = new Uint8Array(0)
  #length = 0
  #durableLength = 0
  #unsynced: { from: number; to: number }[] = []

  constructor(inode: number, bytes: Uint8Array = new Uint8Array(0)) {
    this.inode = inode
    this.write(0, bytes)
    this.keep(this.takeUnsynced())
  }

  get bytes(): Uint8Array {
    return this.#octets.subarray(0, this.#length)
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    this.#octets = grown(this.#octets, end)
    this.#octets.set(bytes, position)
    this.#unsynced.push({ from: Math.min(position, this.#length), to: end })
    this.#length = Math.max(this.#length, end)
  }

  /** What a sync that begins now would make durable. If it fails, the system holds these octets for clean: no later sync takes them. */
  takeUnsynced(): readonly Range[] {
    const ranges = this.#unsynced.map(({ from, to }) => ({ from, bytes: this.#octets.slice(from, to) }))
    this.#unsynced = []
    return ranges
  }

  keep(ranges: readonly Range[]): void {
    for (const { from, bytes } of ranges) {
      this.#durable = grown(this.#durable, from + bytes.length)
      this.#durable.set(bytes, from)
      this.#durableLength = Math.max(this.#durableLength, from + bytes.length)
    }
  }

  /** Each octet as it was synced, or as it was written since. */
  afterCrash(survives: (place: number) => boolean, size: 'written' | 'synced'): Uint8Array {
    const length = size === 'written' ? this.#length : this.#durableLength
    const found = new Uint8Array(length)
    found.set(this.#durable.subarray(0, Math.min(length, this.#durableLength)))
    for (let place = 0; place < length; place++)
      if (found[place] !== this.#octets[place] && survives(place)) found[place] = this.#octets[place] ?? 0
    return found
  }
}

export interface Step {
  readonly operation:
    | 'createDirectory'
    | 'create'
    | 'write'
    | 'sync'
    | 'rename'
    | 'link'
    | 'remove'
    | 'unlink'
    | 'syncDirectory'
  readonly path: string
}

/** What a crash leaves, beyond what was promised. */
export interface Crash {
  /** Whether a file has the length that was written, with zeros where octets are lost, or the one that was synced. */
  readonly size?: 'written' | 'synced'
  /** Whether names are those that were synced, or all that there were: a directory may get to the disk unasked. */
  readonly names?: 'synced' | 'all'
}

export class MemoryFiles implements FileSystem {
  /** What was asked of the disk, in order. */
  readonly steps: Step[] = []
  /** Called before each step; throws to make it fail, waits for ever to end the process there. */
  onStep: (step: Step, count: number) => Promise<void> | void = () => {}
  readonly #files: Map<string, Node> = new Map()
  readonly #directories: Set<string> = new Set(['/'])
  readonly #durableNames: Map<string, Node | 'directory'> = new Map()
  #inodes = 0

  async createDirectory(path: string): Promise<void> {
    await this.#step('createDirectory', path)
    this.#addDirectory(path)
  }

  async create(path: string): Promise<DiskFile> {
    await this.#step('create', path)
    this.#requireDirectory(path)
    if (this.#files.has(path)) throw diskError('EEXIST', path)
    const node = new Node(++this.#inodes)
    this.#files.set(path, node)
    return this.#handle(path, node)
  }

  async open(path: string): Promise<DiskFile | undefined> {
    const node = this.#files.get(path)
    return node && this.#handle(path, node)
  }

  openForWriting(path: string): Promise<DiskFile | undefined> {
    return this.open(path)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', to)
    const node = this.#files.get(from)
    if (node === undefined) throw diskError('ENOENT', from)
    this.#requireDirectory(to)
    this.#files.delete(from)
    this.#files.set(to, node)
  }

  async link(from: string, to: string): Promise<boolean> {
    await this.#step('link', to)
    const node = this.#files.get(from)
    if (node === undefined) throw diskError('ENOENT', from)
    this.#requireDirectory(to)
    if (this.#files.has(to)) return false
    this.#files.set(to, node)
    return true
  }

  async remove(path: string): Promise<void> {
    await this.#step('remove', path)
    for (const name of [...this.#files.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.#files.delete(name)
    for (const name of [...this.#directories])
      if (name === path || name.startsWith(`${path}/`)) this.#directories.delete(name)
  }

  async unlink(path: string): Promise<void> {
    await this.#step('unlink', path)
    this.#files.delete(path)
  }

  async list(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    if (!this.#directories.has(path)) return undefined
    const below = (name: string) => name !== '/' && dirname(name) === path
    const name = (whole: string) => whole.slice(path === '/' ? 1 : path.length + 1)
    return [
      ...[...this.#directories].filter(below).map((whole) => ({ name: name(whole), isDirectory: true })),
      ...[...this.#files.keys()].filter(below).map((whole) => ({ name: name(whole), isDirectory: false })),
    ]
  }

  async isMarked(path: string, mark: string): Promise<boolean> {
    const node = this.#files.get(path)
    return node !== undefined && `inode:${node.inode}` === mark
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#step('syncDirectory', path)
    if (!this.#directories.has(path)) throw diskError('ENOENT', path)
    for (const name of [...this.#durableNames.keys()])
      if (dirname(name) === path && !this.#files.has(name) && !this.#directories.has(name))
        this.#durableNames.delete(name)
    for (const [name, node] of this.#files) if (dirname(name) === path) this.#durableNames.set(name, node)
    for (const name of this.#directories)
      if (name !== '/' && dirname(name) === path) this.#durableNames.set(name, 'directory')
  }

  /** Octets of a file as they stand, durable or not. */
  read(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.bytes.slice()
  }

  /** Paths of all files. */
  paths(): readonly string[] {
    return [...this.#files.keys()].sort()
  }

  /** Puts a file there, for tests that damage one. */
  put(path: string, bytes: Uint8Array): void {
    this.#put(path, new Node(++this.#inodes, bytes))
  }

  /**
   * The disk as the next boot may find it.
   * @param survives whether an octet that was not synced made it, by its place
   */
  afterCrash(survives: (place: number) => boolean, { size = 'written', names = 'synced' }: Crash = {}): MemoryFiles {
    const found = new MemoryFiles()
    const kept: ReadonlyMap<string, Node | 'directory'> =
      names === 'synced'
        ? this.#durableNames
        : new Map<string, Node | 'directory'>([...this.#files, ...[...this.#directories].map(asDirectory)])
    const isReachable = (name: string): boolean => {
      const parent = dirname(name)
      return parent === '/' || (kept.get(parent) === 'directory' && isReachable(parent))
    }
    // Two names of one file stay names of one file.
    const nodes = new Map<Node, Node>()
    for (const [name, node] of kept) {
      if (name === '/' || !isReachable(name)) continue
      if (node === 'directory') {
        found.#addDirectory(name)
        found.#durableNames.set(name, 'directory')
        continue
      }
      const copy = nodes.get(node) ?? new Node(node.inode, node.afterCrash(survives, size))
      nodes.set(node, copy)
      found.#put(name, copy)
    }
    found.#inodes = this.#inodes
    return found
  }

  #put(path: string, node: Node): void {
    this.#files.set(path, node)
    this.#durableNames.set(path, node)
    this.#addDirectory(dirname(path))
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent))
      this.#durableNames.set(parent, 'directory')
  }

  #addDirectory(path: string): void {
    for (let at = path; at !== '/'; at = dirname(at)) this.#directories.add(at)
  }

  #handle(path: string, node: Node): DiskFile {
    return {
      write: async (position, bytes) => {
        await this.#step('write', path)
        node.write(position, bytes)
      },
      sync: async () => {
        const ranges = node.takeUnsynced()
        await this.#step('sync', path)
        node.keep(ranges)
      },
      read: async (position, length) => node.bytes.slice(position, position + length),
      size: async () => node.bytes.length,
      mark: async () => `inode:${node.inode}`,
      close: async () => {},
    }
  }

  async #step(operation: Step['operation'], path: string): Promise<void> {
    const step = { operation, path }
    this.steps.push(step)
    await this.onStep(step, this.steps.length)
  }

  #requireDirectory(path: string): void {
    if (!this.#directories.has(dirname(path))) throw diskError('ENOENT', dirname(path))
  }
}

/** An error as node:fs throws it. */
export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code} ${path}`), { code })
}

function grown(octets: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= octets.length) return octets
  const larger = new Uint8Array(Math.max(length, octets.length * 2, 256))
  larger.set(octets)
  return larger
}

function asDirectory(name: string): readonly [string, 'directory'] {
  return [name, 'directory']
}
