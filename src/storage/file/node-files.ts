/** The real disk, through node:fs. @module */
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { CountersignError } from '../../errors.ts'
import { hasCode, isMissing } from './disk-errors.ts'
import type { DiskFile, FileSystem } from './file-system.ts'

// A name on the host's disk may be a link to somewhere else, which is not followed, or a pipe, whose opening must not wait.
const SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK
const MARK = /^inode:([0-9]+)(?:,birth:([0-9]+))?$/
/** Enough changes of a file's status to see its clock move: coarse kernel clocks tick every 1 to 10 ms. */
const STATUS_CHANGES = 500

export const nodeFiles: FileSystem = {
  async createDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o750 })
  },
  async create(path) {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR
    return diskFile(await open(path, flags | SAFELY, 0o640))
  },
  open: (path) => openRegular(path, constants.O_RDONLY),
  openForWriting: (path) => openRegular(path, constants.O_RDWR),
  rename,
  async link(from, to) {
    try {
      await link(from, to)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  },
  async remove(path) {
    await rm(path, { recursive: true, force: true })
  },
  async unlink(path) {
    try {
      await unlink(path)
    } catch (error) {
      if (!isMissing(error) && !hasCode(error, 'EISDIR')) throw error
    }
  },
  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true })
      return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  async isMarked(path, mark) {
    const parts = MARK.exec(mark)
    if (parts === null) return false
    try {
      const { ino, birthtimeNs } = await lstat(path, { bigint: true })
      return String(ino) === parts[1] && (parts[2] === undefined || String(birthtimeNs) === parts[2])
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
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

async function openRegular(path: string, flags: number): Promise<DiskFile | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, flags | SAFELY)
  } catch (error) {
    if (isMissing(error) || hasCode(error, 'EISDIR')) return undefined
    throw error
  }
  const status = await handle.stat()
  if (status.isFile()) return diskFile(handle)
  await handle.close()
  if (status.isDirectory()) return undefined
  throw new CountersignError('ERR_STATE', `${path} is not a file: the disk was tampered with`)
}

function diskFile(handle: FileHandle): DiskFile {
  const write = async (position: number, bytes: Uint8Array): Promise<void> => {
    // A disk that fills up may take a part of the octets and no error yet.
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
      if (bytesWritten === 0) throw new Error('the disk took no more octets')
      done += bytesWritten
    }
  }
  return {
    write,
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
    mark: () => markOf(handle),
    close: () => handle.close(),
  }
}

/** Inode and birth time. Where the disk knows no birth time, what is given for it is zero or moves with the file's status: the inode alone. */
async function markOf(handle: FileHandle): Promise<string> {
  const first = await handle.stat({ bigint: true })
  let last = first
  for (let i = 0; i < STATUS_CHANGES && last.ctimeNs === first.ctimeNs; i++) {
    await handle.utimes(0, 0)
    last = await handle.stat({ bigint: true })
  }
  const isStable = first.birthtimeNs > 0n && last.birthtimeNs === first.birthtimeNs
  return `inode:${first.ino}${isStable ? `,birth:${first.birthtimeNs}` : ''}`
}
