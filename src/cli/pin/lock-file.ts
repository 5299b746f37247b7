/** The lock file on disk: read with the octets it was read from, written whole or not at all. @module */
import { type FileHandle, open, readFile, realpath, rename, rm } from 'node:fs/promises'
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

/** One writer at a time: of two, the one that wrote last would undo what the other did, a revocation perhaps. */
async function openDraft(draft: string): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', 0o644)
  } catch (cause) {
    const isHeld = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const why = isHeld ? 'is there: somebody writes the lock; remove it where nobody does' : 'cannot be written'
    throw new CountersignError('ERR_CONFIG', `${draft} ${why}`, { cause })
  }
}

/**
 * Writes beside the file and renames: who reads meanwhile sees the old lock or the new one, never a part of either.
 * @throws CountersignError ERR_CONFIG where somebody else writes the file or wrote it since it was read, and where it cannot be written
 */
export async function writeLockFile({ path, text: before }: LockFile, lock: Lock): Promise<void> {
  const text = encodeLock(lock)
  // What verifiers would refuse is not written.
  decodeLock(text)
  // A link stays one: whoever reads the file that it leads to has to see a revocation too.
  const target = before === undefined ? path : await realpath(path).catch(() => path)
  const draft = `${target}.draft`
  const file = await openDraft(draft)
  try {
    await file.writeFile(text)
    await file.sync()
    if ((await readText(path)) !== before)
      throw new CountersignError('ERR_CONFIG', `${path} was changed meanwhile: nothing is written, run it again`)
    await rename(draft, target)
  } catch (cause) {
    await rm(draft, { force: true })
    throw cause instanceof CountersignError
      ? cause
      : new CountersignError('ERR_CONFIG', `${path} cannot be written`, { cause })
  } finally {
    await file.close()
  }
}
