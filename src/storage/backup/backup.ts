/**
 * A copy of a store, also of one that is written meanwhile, and a store made of such a copy. Neither can be written by a gateway as it
 * is: a copy holds no inception and no lease, until an operator adopts it.
 *
 * What refers is read before what it refers to, so that all of it is there: evidence before checkpoint before tiles and journals before
 * sessions and endorsements. What is gone meanwhile was replaced, and its replacement is found by a second look. @module
 */
import { CountersignError } from '../../errors.ts'
import { BACKUP_NAME, type Backup, decodeBackup, encodeBackup } from '../lineage/backup-document.ts'
import { describeLineage } from '../lineage/begin.ts'
import { decodeInception, fetchDocument, inceptionName } from '../lineage/documents.ts'
import type { ObjectStore } from '../types.ts'
import { type Copied, Copier } from './copier.ts'

export type { Copied } from './copier.ts'

export interface CopyOptions {
  readonly onProgress?: (copied: Copied) => void
}

export interface BackupOptions extends CopyOptions {
  /** Now, in seconds since 1970. */
  readonly taken: number
}

/** Folders of a log that name what is elsewhere. */
const REFERRING: readonly string[] = ['evidence', 'witnessed']
/** Of no log: conversations, sealed under the keys of clients. */
const REMEMBERED = 'private/memory'
/** Not as they are: what a second writer could be made of. */
const OF_WRITERS: readonly string[] = ['lineage', BACKUP_NAME]

/**
 * Copies a store into an empty one and reads all of it back.
 * @throws CountersignError ERR_USAGE unless the target is empty and the source has a lineage
 * @throws CountersignError ERR_STATE when the copy does not read as it was written
 */
export async function backupStore(source: ObjectStore, target: ObjectStore, options: BackupOptions): Promise<Copied> {
  await requireEmpty(target)
  const backup = await describeStore(source, options.taken)
  if (backup.lineages.length === 0)
    throw new CountersignError('ERR_USAGE', 'there is no lineage to back up: is this the folder of a gateway?')
  return copyStore(source, target, { ...options, backup })
}

/**
 * Makes a store of a copy. It must be adopted before a gateway may write it.
 * @throws CountersignError ERR_USAGE unless the target is empty and the source is a whole backup
 */
export async function restoreStore(source: ObjectStore, target: ObjectStore, options: CopyOptions): Promise<Copied> {
  const backup = (await fetchDocument(source, BACKUP_NAME, decodeBackup))?.document
  if (backup === undefined)
    throw new CountersignError('ERR_USAGE', 'this is no backup, or one that was interrupted: it has no file `backup`')
  await requireEmpty(target)
  return copyStore(source, target, { ...options, backup })
}

async function requireEmpty(target: ObjectStore): Promise<void> {
  if ((await target.list('')).length > 0)
    throw new CountersignError('ERR_USAGE', 'the target is not empty: give a new folder')
}

async function describeStore(store: ObjectStore, taken: number): Promise<Backup> {
  const lineages = []
  for (const segment of await store.list('lineage')) {
    const name = segment.replace(/\/$/, '')
    const inception = (await fetchDocument(store, inceptionName(name), decodeInception))?.document
    if (inception !== undefined) lineages.push(await describeLineage(store, name, inception))
  }
  return { taken, lineages }
}

async function copyStore(
  source: ObjectStore,
  target: ObjectStore,
  { backup, onProgress = () => {} }: CopyOptions & { readonly backup: Backup },
): Promise<Copied> {
  const copier = new Copier(source, target, onProgress)
  const checkpoints: { readonly name: string; readonly bytes: Uint8Array }[] = []
  const ids = foldersOf(await source.list('log'))
  for (const id of ids) {
    for (const folder of REFERRING) await copier.copyFolder(`log/${id}/${folder}`)
    const name = `log/${id}/checkpoint`
    const checkpoint = await source.read(name)
    // It is the last of a log to be there in the copy: without it, an interrupted copy claims nothing.
    copier.passOver(name)
    if (checkpoint !== undefined) checkpoints.push({ name, bytes: checkpoint })
    for (let look = 0; look < 2; look++) await copier.copyFolder(`log/${id}/tile`)
    await copier.copyFolder(`private/${id}`)
    await copier.copyFolder(`log/${id}`, [...REFERRING, 'tile'])
  }
  await copier.copyFolder(REMEMBERED)
  await copier.copyFolder('', [...OF_WRITERS, 'log', 'private'])
  for (const { name, bytes } of checkpoints) await copier.put(name, bytes)
  await copier.flush()
  await copier.put(BACKUP_NAME, encodeBackup(backup))
  return copier.flush()
}

function foldersOf(entries: readonly string[]): readonly string[] {
  return entries.filter((entry) => entry.endsWith('/')).map((entry) => entry.slice(0, -1))
}
