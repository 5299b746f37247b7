/** The few things that the log asks of a disk. A port, so that tests can make any of them fail; the default is node:fs. @module */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'

/** A file that only grows. */
export interface LogFile {
  /** Writes all octets behind what is there. */
  append(bytes: Uint8Array): Promise<void>
  /** fdatasync: resolves when all that was appended is on stable storage. */
  sync(): Promise<void>
  /** Up to `length` octets from `position`; fewer at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Octets of the file. */
  size(): Promise<number>
  close(): Promise<void>
}

export interface FileSystem {
  /** Makes a directory and its parents; one that exists already is fine. */
  createDirectory(path: string): Promise<void>
  /** Makes a file and opens it for appending; rejects when there is one (O_EXCL). */
  create(path: string): Promise<LogFile>
  /** Opens for reading; `undefined` when there is none. */
  open(path: string): Promise<LogFile | undefined>
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a directory with all that is in it; none is fine. */
  remove(path: string): Promise<void>
  /** fsync of a directory: what was made, renamed or removed in it stays so. */
  syncDirectory(path: string): Promise<void>
}

/** The real disk. */
export const nodeFiles: FileSystem = {
  async createDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o750 })
  },
  async create(path) {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR
    return logFile(await open(path, flags, 0o640))
  },
  async open(path) {
    try {
      // A name on the host's disk may be a link to somewhere else: the log follows none.
      return logFile(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  rename,
  async remove(path) {
    await rm(path, { recursive: true, force: true })
  },
  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function logFile(handle: FileHandle): LogFile {
  let end = 0
  return {
    async append(bytes) {
      // A disk that fills up may take a part of the octets and no error yet.
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, end)
        if (bytesWritten === 0) throw new Error('the disk took no more octets')
        done += bytesWritten
        end += bytesWritten
      }
    },
    sync: () => handle.datasync(),
    async read(position, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes.subarray(0, done)
    },
    async size() {
      return (await handle.stat()).size
    },
    close: () => handle.close(),
  }
}
