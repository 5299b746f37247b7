/**
 * What a thread does with the files of a device: kernels answer some of them by asking the host, and that can block for a minute.
 *
 * The function reaches the thread as its own text, so it names nothing but its parameters and what every runtime has. Tests give it a file
 * system of their own, in which every caveat of a kernel can be had.
 * @module
 */

/** What is needed of node:fs. */
export interface FileSystem {
  readonly constants: { readonly O_RDONLY: number; readonly O_WRONLY: number; readonly O_RDWR: number }
  openSync(path: string, flags: number | 'w'): number
  closeSync(file: number): void
  readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number
  writeSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number
  fsyncSync(file: number): void
  mkdirSync(path: string, options: { readonly recursive: boolean }): unknown
  rmdirSync(path: string): void
  renameSync(from: string, to: string): void
  readdirSync(path: string): string[]
  statSync(path: string): { isDirectory(): boolean; isCharacterDevice(): boolean }
}

export type FileTask =
  /** To its end, however long stat says it is. More than `limit` octets are refused. */
  | { readonly call: 'read'; readonly path: string; readonly limit: number }
  /** All in one write at the start, then the close: only with it does configfs hand a blob to the driver. */
  | { readonly call: 'write'; readonly path: string; readonly octets: Uint8Array }
  /** So that after a crash the file is the one before or this one. Makes the folder. */
  | { readonly call: 'store'; readonly folder: string; readonly name: string; readonly octets: Uint8Array }
  /** One write and one read on the same descriptor, as TPMs have it. */
  | { readonly call: 'exchange'; readonly path: string; readonly octets: Uint8Array; readonly limit: number }
  | { readonly call: 'make'; readonly path: string }
  | { readonly call: 'remove'; readonly path: string }
  | { readonly call: 'list'; readonly path: string }
  | { readonly call: 'look'; readonly path: string }

export type EntryKind = 'folder' | 'device' | 'file'

export type FileReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'octets'; readonly octets: Uint8Array }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'entry'; readonly entry: EntryKind }
  /** `code` is the kernel's, such as `EBUSY`, or `SHORT_WRITE`, `TOO_LONG`. */
  | { readonly kind: 'failed'; readonly code: string }

export function performFileTask(fs: FileSystem, task: FileTask): FileReply {
  const FIRST_SIZE = 32_768

  const onFile = <T>(path: string, flags: number | 'w', use: (file: number) => T): T => {
    const file = fs.openSync(path, flags)
    try {
      return use(file)
    } finally {
      fs.closeSync(file)
    }
  }

  /** Undefined when there is more than `limit`. */
  const readAll = (file: number, limit: number): Uint8Array | undefined => {
    let buffer = new Uint8Array(Math.min(FIRST_SIZE, limit + 1))
    for (let filled = 0; ; ) {
      // Position null: the next octets. Attributes of configfs and of TPMs cannot be read by position.
      const count = fs.readSync(file, buffer, filled, buffer.length - filled, null)
      if (count === 0) return buffer.slice(0, filled)
      filled += count
      if (filled > limit) return undefined
      if (filled < buffer.length) continue
      const larger = new Uint8Array(Math.min(buffer.length * 2, limit + 1))
      larger.set(buffer)
      buffer = larger
    }
  }

  const octetsOf = (octets: Uint8Array | undefined): FileReply =>
    octets === undefined ? { kind: 'failed', code: 'TOO_LONG' } : { kind: 'octets', octets }

  const writeOnce = (file: number, octets: Uint8Array): FileReply =>
    fs.writeSync(file, octets, 0, octets.length, null) === octets.length
      ? { kind: 'done' }
      : { kind: 'failed', code: 'SHORT_WRITE' }

  const store = (folder: string, name: string, octets: Uint8Array): FileReply => {
    fs.mkdirSync(folder, { recursive: true })
    const next = `${folder}/${name}.next`
    const written = onFile(next, 'w', (file) => {
      const reply = writeOnce(file, octets)
      fs.fsyncSync(file)
      return reply
    })
    if (written.kind === 'failed') return written
    fs.renameSync(next, `${folder}/${name}`)
    onFile(folder, fs.constants.O_RDONLY, (file) => fs.fsyncSync(file))
    return written
  }

  const entryOf = (path: string): EntryKind => {
    const stats = fs.statSync(path)
    return stats.isDirectory() ? 'folder' : stats.isCharacterDevice() ? 'device' : 'file'
  }

  const perform = (): FileReply => {
    const { O_RDONLY, O_WRONLY, O_RDWR } = fs.constants
    switch (task.call) {
      case 'read':
        return octetsOf(onFile(task.path, O_RDONLY, (file) => readAll(file, task.limit)))
      case 'write':
        return onFile(task.path, O_WRONLY, (file) => writeOnce(file, task.octets))
      case 'store':
        return store(task.folder, task.name, task.octets)
      case 'exchange':
        return onFile(task.path, O_RDWR, (file) => {
          const written = writeOnce(file, task.octets)
          if (written.kind === 'failed') return written
          const answer = new Uint8Array(task.limit)
          return octetsOf(answer.slice(0, fs.readSync(file, answer, 0, answer.length, null)))
        })
      case 'make':
        fs.mkdirSync(task.path, { recursive: false })
        return { kind: 'done' }
      case 'remove':
        fs.rmdirSync(task.path)
        return { kind: 'done' }
      case 'list':
        return { kind: 'names', names: fs.readdirSync(task.path) }
      case 'look':
        return { kind: 'entry', entry: entryOf(task.path) }
      default:
        return task satisfies never
    }
  }

  try {
    return perform()
  } catch (error) {
    return { kind: 'failed', code: error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN' }
  }
}
