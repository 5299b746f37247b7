/** The lock file on disk: read with the octets it was read from, written whole or not at all. @module */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { decodeLock, encodeLock, type Lock } from '../../core/lock.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'

export interface LockFile {
  readonly path: string
  /** Undefined where there is no file yet. */
  readonly lock: Lock | undefined
  readonly text: string | undefined
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new UsageError(`${path} cannot be read`, 'Check the path.')
  }
}

/** @throws CountersignError ERR_CONFIG for a file that is no lock; it is never written over */
export async function openLockFile(path: string): Promise<LockFile> {
  const text = await readText(path)
  try {
    return { path, text, lock: text === undefined ? undefined : decodeLock(text) }
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${path}: ${cause.failure}: ${cause.message}`, { cause })
  }
}

/** @throws UsageError where there is no file */
export async function openExistingLock(path: string): Promise<LockFile & { readonly lock: Lock }> {
  const { lock, ...file } = await openLockFile(path)
  if (lock === undefined) throw new UsageError(`${path} is not there`, 'Make one with countersign pin.')
  return { ...file, lock }
}

/**
 * Writes beside the file and renames: who reads meanwhile sees the old lock or the new one, never a part of either.
 * @throws CountersignError ERR_CONFIG where somebody else wrote the file since it was read
 */
export async function writeLockFile({ path, text: before }: LockFile, lock: Lock): Promise<void> {
  const text = encodeLock(lock)
  // What verifiers would refuse is not written.
  decodeLock(text)
  const temporary = `${path}.${randomUUID()}`
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    if ((await readText(path)) !== before)
      throw new CountersignError('ERR_CONFIG', `${path} was changed meanwhile: nothing is written, run it again`)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
