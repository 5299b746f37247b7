/** A kernel as quoters see it, with every caveat of configfs-tsm on request: files, devices, and the errors of a real one. */
import { createHash } from 'node:crypto'
import { CountersignError } from '../../src/errors.ts'
import type { DeviceFiles, FileSystem, FileTask } from '../../src/quoter/index.ts'
import { performFileTask } from '../../src/quoter/index.ts'

export const TSM = '/sys/kernel/config/tsm/report'
const RTMR3 = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'

export interface FakeOptions {
  readonly provider?: string
  /** What the firmware answers, by request; throws an errno to fail. */
  readonly answer?: (inblob: Uint8Array, call: number) => Uint8Array
  readonly auxblob?: Uint8Array
  /** Octets that one read gives at most. */
  readonly chunk?: number
  /** Absent: no such attribute. */
  readonly privlevelFloor?: number
  /** What is added to the true generation when it is read after a report, by call. */
  readonly skew?: (call: number) => number
  /** The kernel offers RTMR3. */
  readonly rtmr3?: boolean
  /** Who may not make folders gets this. */
  readonly mkdirErrno?: string
  /** Folders that are there already. */
  readonly folders?: readonly string[]
  readonly files?: ReadonlyMap<string, Uint8Array>
  readonly devices?: readonly string[]
  /** What a TPM answers. */
  readonly tpm?: Uint8Array
  /** No configfs-tsm at all. */
  readonly noTsm?: boolean
}

interface Instance {
  inblob: Uint8Array
  privlevel: string
  generation: number
  read: boolean
}

interface OpenFile {
  readonly path: string
  readonly writes: Uint8Array[]
  content: Uint8Array | undefined
  at: number
}

export class KernelError extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const EMPTY = new Uint8Array()

export class FakeKernel implements FileSystem {
  readonly constants = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 }
  readonly instances: Map<string, Instance> = new Map()
  readonly files: Map<string, Uint8Array>
  readonly #open: Map<number, OpenFile> = new Map()
  readonly #options: FakeOptions
  rtmr3: Uint8Array = new Uint8Array(48)
  /** Requests that reached the firmware. */
  calls = 0
  /** Every path that was written, with what. */
  readonly written: { readonly path: string; readonly octets: Uint8Array }[] = []
  #next = 3

  constructor(options: FakeOptions = {}) {
    this.#options = options
    this.files = new Map(options.files)
    for (const folder of options.folders ?? []) this.instances.set(folder, freshInstance())
  }

  openSync(path: string, flags: number | 'w'): number {
    const file = this.#next++
    const content = flags === this.constants.O_RDONLY && !this.#isFolder(path) ? this.#contentOf(path) : undefined
    if (flags !== this.constants.O_RDONLY && flags !== 'w' && !this.#isWritable(path)) throw new KernelError('ENOENT')
    this.#open.set(file, { path, writes: [], content, at: 0 })
    return file
  }

  closeSync(file: number): void {
    const opened = this.#opened(file)
    this.#open.delete(file)
    if (opened.writes.length > 0) this.#commit(opened.path, opened.writes)
  }

  readSync(file: number, buffer: Uint8Array, offset: number, length: number): number {
    const opened = this.#opened(file)
    opened.content ??= this.#contentOf(opened.path)
    const size = Math.min(length, this.#options.chunk ?? length, opened.content.length - opened.at)
    buffer.set(opened.content.subarray(opened.at, opened.at + size), offset)
    opened.at += size
    return size
  }

  writeSync(file: number, buffer: Uint8Array, offset: number, length: number): number {
    this.#opened(file).writes.push(buffer.slice(offset, offset + length))
    return length
  }

  fsyncSync(): void {}

  mkdirSync(path: string, { recursive }: { readonly recursive: boolean }): void {
    if (recursive) return
    if (this.#options.mkdirErrno !== undefined) throw new KernelError(this.#options.mkdirErrno)
    this.instances.set(path.slice(TSM.length + 1), freshInstance())
  }

  rmdirSync(path: string): void {
    if (!this.instances.delete(path.slice(TSM.length + 1))) throw new KernelError('ENOENT')
  }

  renameSync(from: string, to: string): void {
    this.files.set(to, this.files.get(from) ?? EMPTY)
    this.files.delete(from)
  }

  readdirSync(path: string): string[] {
    if (path === TSM && !this.#options.noTsm) return [...this.instances.keys()]
    return []
  }

  statSync(path: string): { isDirectory(): boolean; isCharacterDevice(): boolean } {
    const isDevice = this.#options.devices?.includes(path) === true
    const isFolder = this.#isFolder(path)
    if (!isDevice && !isFolder) this.#contentKind(path)
    return { isDirectory: () => isFolder, isCharacterDevice: () => isDevice }
  }

  #isFolder(path: string): boolean {
    if (path === '/run/countersign') return true
    if (path === TSM) return !this.#options.noTsm
    return path.startsWith(`${TSM}/`) && this.instances.has(path.slice(TSM.length + 1))
  }

  #contentKind(path: string): void {
    const [, attribute] = this.#attributeOf(path) ?? []
    if (attribute === 'privlevel_floor' && this.#options.privlevelFloor === undefined) throw new KernelError('ENOENT')
    if (attribute === 'auxblob' && this.#options.auxblob === undefined) throw new KernelError('ENOENT')
    if (attribute === undefined && !this.files.has(path)) throw new KernelError('ENOENT')
  }

  #isWritable(path: string): boolean {
    return path === RTMR3 || this.#attributeOf(path) !== undefined || this.#options.devices?.includes(path) === true
  }

  #opened(file: number): OpenFile {
    const opened = this.#open.get(file)
    if (opened === undefined) throw new KernelError('EBADF')
    return opened
  }

  #attributeOf(path: string): readonly [Instance, string] | undefined {
    if (!path.startsWith(`${TSM}/`)) return undefined
    const [name = '', attribute = ''] = path.slice(TSM.length + 1).split('/')
    const instance = this.instances.get(name)
    if (instance === undefined) throw new KernelError('ENOENT')
    return attribute === '' ? undefined : [instance, attribute]
  }

  #contentOf(path: string): Uint8Array {
    if (path === RTMR3 && this.#options.rtmr3 === true) return this.rtmr3
    if (path === '/dev/tpmrm0') return this.#options.tpm ?? EMPTY
    const found = this.#attributeOf(path)
    if (found === undefined) {
      const content = this.files.get(path)
      if (content === undefined) throw new KernelError('ENOENT')
      return content
    }
    return this.#readAttribute(...found)
  }

  #readAttribute(instance: Instance, attribute: string): Uint8Array {
    const { provider = 'sev_guest', auxblob = EMPTY, privlevelFloor = 0, skew = () => 0 } = this.#options
    switch (attribute) {
      case 'provider':
        return Buffer.from(`${provider}\n`)
      case 'generation':
        return Buffer.from(`${instance.generation + (instance.read ? skew(this.calls) : 0)}\n`)
      case 'privlevel_floor':
        if (this.#options.privlevelFloor === undefined) throw new KernelError('ENOENT')
        return Buffer.from(`${privlevelFloor}\n`)
      case 'auxblob':
        return auxblob
      case 'outblob':
        // Kernels hand a blob to the driver with the close of its file: read before, nothing was written.
        if (instance.inblob.length !== 64) throw new KernelError('EINVAL')
        if (Number(instance.privlevel) < privlevelFloor) throw new KernelError('EINVAL')
        instance.read = true
        return this.#options.answer?.(instance.inblob, this.calls++) ?? EMPTY
      default:
        throw new KernelError('EACCES')
    }
  }

  #commit(path: string, writes: readonly Uint8Array[]): void {
    const octets = Buffer.concat(writes)
    this.written.push({ path, octets })
    if (path === RTMR3) {
      // One write of 48 octets extends; anything else is refused.
      if (writes.length !== 1 || octets.length !== 48) throw new KernelError('EINVAL')
      this.rtmr3 = createHash('sha384').update(this.rtmr3).update(octets).digest()
      return
    }
    if (!path.startsWith('/sys') && !path.startsWith('/dev')) {
      this.files.set(path, octets)
      return
    }
    const [instance, attribute] = this.#attributeOf(path) ?? []
    if (instance === undefined) return
    instance.generation += 1
    instance.read = false
    if (attribute === 'inblob') instance.inblob = octets
    if (attribute === 'privlevel') instance.privlevel = octets.toString()
  }
}

function freshInstance(): Instance {
  return { inblob: EMPTY, privlevel: '0', generation: 0, read: false }
}

export interface FakeFiles extends DeviceFiles {
  /** Calls of this kind hang from now on, until they are let go of. */
  hang(call: FileTask['call'], path: RegExp): void
  readonly abandoned: () => number
}

/** The kernel's files as quoters ask for them, on the same thread. */
export function filesOf(kernel: FakeKernel): FakeFiles {
  let hanging: { readonly call: string; readonly path: RegExp } | undefined
  let abandoned = 0
  let release: (reason: Error) => void = () => {}
  return {
    async perform(task) {
      const path = task.call === 'store' ? task.folder : task.path
      if (hanging !== undefined && hanging.call === task.call && hanging.path.test(path))
        return new Promise((_, reject) => {
          release = reject
        })
      return performFileTask(kernel, task)
    },
    hang: (call, path) => {
      hanging = { call, path }
    },
    abandon() {
      abandoned += 1
      hanging = undefined
      release(new CountersignError('ERR_QUOTE', 'the call was given up'))
    },
    close() {},
    abandoned: () => abandoned,
  }
}
