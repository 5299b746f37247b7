/** Reads files that were measured, within limits. A file that is no longer what was measured is refused. @module */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { digestUri } from '../../core/crypto/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import type { MeasuredFile } from '../measure-folder.ts'

function changed(name: string): CountersignError {
  return new CountersignError('ERR_STATE', `${name} was changed since it was measured`)
}

async function readOpened(handle: FileHandle, length: number): Promise<Uint8Array> {
  const octets = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(octets, filled, length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return octets.subarray(0, filled)
}

/** The first octets of a file, at most `limit`. @throws CountersignError ERR_STATE, ERR_CONFIG */
export async function readHead(directory: string, { name, size }: MeasuredFile, limit: number): Promise<Uint8Array> {
  // No link is followed and no pipe waited for: the folder may have been altered since it was walked.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(join(directory, name), flags).catch(() => {
    throw changed(name)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size !== size) throw changed(name)
    const octets = await readOpened(handle, Math.min(size, limit))
    if (octets.length < Math.min(size, limit)) throw changed(name)
    return octets
  } finally {
    await handle.close()
  }
}

/** All of a file, which must be the one that was measured. @throws CountersignError ERR_STATE, ERR_CONFIG when it is larger than `limit` */
export async function readWhole(directory: string, file: MeasuredFile, limit: number): Promise<Uint8Array> {
  if (file.size > limit) throw unreadable(file.name, `it is larger than ${limit} octets`)
  const octets = await readHead(directory, file, limit)
  if (digestUri(octets) !== file.digest) throw changed(file.name)
  return octets
}

export function unreadable(name: string, why: string): CountersignError {
  return new CountersignError('ERR_CONFIG', `${name} cannot be read as part of a model: ${why}`)
}

/** Runs a decoder on octets that the maker of `name` chose; its refusal says which file it was, and nothing of where in this program. */
export function reading<T>(name: string, decoder: () => T): T {
  try {
    return decoder()
  } catch (error) {
    if (error instanceof MalformedError) throw unreadable(name, error.message)
    throw error
  }
}
