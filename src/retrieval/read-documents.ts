/**
 * Reads the documents of a folder: text files of given extensions, below it at any depth, in ascending order of their paths.
 *
 * Whoever fills the folder may be careless or hostile. What is not plain is refused by name rather than passed over, so that nobody
 * takes an index for one of all that lies there. Names that begin with a dot are not looked at: editors and version control keep theirs so.
 * @module
 */
import { constants } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { digestUri } from '../core/crypto/index.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { isChunkId } from '../core/resources/chunks.ts'
import { CountersignError, MalformedError } from '../errors.ts'

export interface ReadLimits {
  /** Octets of one file. */
  readonly fileSize: number
  /** Octets of all files. */
  readonly size: number
  readonly files: number
}

export interface ReadDocument {
  /** Below the folder, with `/` between names. */
  readonly path: string
  readonly text: string
  /** Octets. */
  readonly size: number
  readonly digest: string
}

export interface ReadOptions {
  /** With their dot, in lower case. */
  readonly extensions: readonly string[]
  readonly limits: ReadLimits
}

/** Nothing is followed, and a pipe holds nobody up. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** @throws CountersignError ERR_CONFIG naming the file that is not as it must be */
export async function* readDocuments(directory: string, options: ReadOptions): AsyncGenerator<ReadDocument> {
  const { limits } = options
  const paths = await listDocuments(directory, options)
  let size = 0
  for (const path of paths) {
    const octets = await readOnce(directory, path, limits.fileSize)
    size += octets.length
    if (size > limits.size) throw refused(directory, `has more than ${limits.size} octets of documents`)
    yield { path, text: decodeText(path, octets), size: octets.length, digest: digestUri(octets) }
  }
}

/** Paths in ascending order by UTF-16 units: that in which a folder is listed differs between machines. */
async function listDocuments(directory: string, { extensions, limits }: ReadOptions): Promise<readonly string[]> {
  const found: string[] = []
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await list(directory, folder)) {
      if (entry.name.startsWith('.')) continue
      const path = `${folder}${entry.name}`
      if (entry.isSymbolicLink()) throw refused(path, 'is a symbolic link')
      if (entry.isDirectory()) folders.push(`${path}/`)
      else if (extensions.includes(extname(entry.name).toLowerCase())) {
        // U+FFFD stands for octets of a name that are no UTF-8.
        if (!isChunkId(`${path}#999999999`) || path.includes('\ufffd')) throw refused(path, 'has no name for an index')
        found.push(path)
      }
    }
    // Checked for each folder: a tree of millions of files is not walked to its end first.
    if (found.length + folders.length > limits.files)
      throw refused(directory, `has more than ${limits.files} documents or folders`)
  }
  return found.sort()
}

async function list(directory: string, folder: string) {
  try {
    return await readdir(join(directory, folder), { withFileTypes: true })
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${join(directory, folder)} cannot be listed`, { cause })
  }
}

/** The octets of a file that is opened once: those that are judged are those that are indexed. */
async function readOnce(directory: string, path: string, limit: number): Promise<Uint8Array> {
  let file: FileHandle
  try {
    file = await open(join(directory, path), FLAGS)
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${path} cannot be opened as a file`, { cause })
  }
  try {
    const status = await file.stat()
    if (!status.isFile()) throw refused(path, 'is no file')
    if (status.size > limit) throw refused(path, `has more than ${limit} octets`)
    // One more than the file had: one that grows meanwhile is told from one that does not.
    const octets = new Uint8Array(status.size + 1)
    let size = 0
    for (;;) {
      const { bytesRead } = await file.read(octets, size, octets.length - size)
      size += bytesRead
      if (bytesRead === 0 || size === octets.length) break
    }
    if (size !== status.size) throw refused(path, 'was changed while it was read')
    return octets.subarray(0, size)
  } finally {
    await file.close()
  }
}

function decodeText(path: string, octets: Uint8Array): string {
  try {
    return decodeUtf8(octets)
  } catch (error) {
    if (error instanceof MalformedError) throw refused(path, 'is not UTF-8 text')
    throw error
  }
}

function refused(path: string, why: string): CountersignError {
  return new CountersignError('ERR_CONFIG', `${path} ${why}`)
}
