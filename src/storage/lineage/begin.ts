/** How a lineage begins: new, or as the continuation of a copy whose original is gone. @module */
import { CountersignError } from '../../errors.ts'
import type { ObjectStore } from '../types.ts'
import { BACKUP_NAME, type BackedUpLineage, decodeBackup, encodeBackup } from './backup-document.ts'
import {
  decodeHead,
  decodeInception,
  encodeHead,
  encodeInception,
  encodeLease,
  fetchDocument,
  headName,
  type Inception,
  inceptionName,
  leaseName,
} from './documents.ts'
import { readTokens, removeBefore } from './lease.ts'
import { nodeProcess, type ProcessFacts } from './process-facts.ts'

export interface BeginOptions {
  /** Of the lineage. */
  readonly name: string
  /** Of the gateway. */
  readonly host: string
  readonly process?: ProcessFacts
}

/**
 * Begins a lineage in a store that has none.
 * @throws CountersignError ERR_USAGE when there is one, or something that is left of one
 */
export async function beginLineage(store: ObjectStore, options: BeginOptions): Promise<Inception> {
  const { name, host, process = nodeProcess() } = options
  if ((await store.read(BACKUP_NAME)) !== undefined)
    throw new CountersignError('ERR_USAGE', 'this store was restored from a backup: run `countersign log adopt`')
  const leftOver = (await store.list('lineage')).length === 0 && (await store.list('log')).length > 0
  if (leftOver || (await store.read(headName(name))) !== undefined || (await readTokens(store, name)).length > 0)
    throw new CountersignError(
      'ERR_USAGE',
      `this store holds logs of a lineage without its beginning: restore it from a backup, or begin in an empty one`,
    )
  return createInception(store, name, { host, created: process.seconds() })
}

/**
 * Makes this store the original of a lineage that it is a copy of, or a restored backup.
 * @throws CountersignError ERR_USAGE when it is the original already, or holds nothing to adopt
 */
export async function adoptLineage(store: ObjectStore, options: Omit<BeginOptions, 'host'>): Promise<Inception> {
  const { name, process = nodeProcess() } = options
  const found = await fetchDocument(store, inceptionName(name), decodeInception)
  if (found !== undefined) {
    if (await store.isMarked(inceptionName(name), found.document.mark))
      throw new CountersignError('ERR_USAGE', `nothing to adopt: this is the original of lineage ${name}`)
    // From here on it is as if it had been restored, whatever moment this is interrupted at.
    await noteCopy(store, name, found.document)
    await store.remove([inceptionName(name)])
  }
  const backup = await fetchDocument(store, BACKUP_NAME, decodeBackup)
  const past = backup?.document.lineages.find((each) => each.name === name)
  if (past === undefined)
    throw new CountersignError('ERR_USAGE', `nothing to adopt: this store is no copy of a lineage ${name}`)
  const inception = await continueLineage(store, past, process.seconds())
  await forgetBackup(store, name)
  return inception
}

async function noteCopy(store: ObjectStore, name: string, { host, created }: Inception): Promise<void> {
  const past = await describeLineage(store, name, { host, created })
  const others = (await fetchDocument(store, BACKUP_NAME, decodeBackup))?.document
  const lineages = [...(others?.lineages ?? []).filter((each) => each.name !== name), past]
  await store.write([{ name: BACKUP_NAME, bytes: encodeBackup({ taken: others?.taken ?? created, lineages }) }])
}

/** What it says of this lineage is used up: a head that stands here from now on is newer. */
async function forgetBackup(store: ObjectStore, name: string): Promise<void> {
  const backup = (await fetchDocument(store, BACKUP_NAME, decodeBackup))?.document
  const lineages = (backup?.lineages ?? []).filter((each) => each.name !== name)
  if (backup === undefined || lineages.length === 0) await store.remove([BACKUP_NAME])
  else await store.write([{ name: BACKUP_NAME, bytes: encodeBackup({ taken: backup.taken, lineages }) }])
}

/** What a copy must know of a lineage to be able to continue it. */
export async function describeLineage(
  store: ObjectStore,
  name: string,
  { host, created }: Pick<Inception, 'host' | 'created'>,
): Promise<BackedUpLineage> {
  const head = (await fetchDocument(store, headName(name), decodeHead))?.document
  const highest = (await readTokens(store, name)).at(-1) ?? 0
  return { name, host, created, token: Math.max(highest, head?.token ?? 0), head: head?.log ?? null }
}

/** The inception comes last: without it nothing boots. */
async function continueLineage(store: ObjectStore, past: BackedUpLineage, restored: number): Promise<Inception> {
  const { name, host, created, token, head } = past
  const objects =
    head === null ? [] : [{ name: headName(name), bytes: encodeHead({ log: head, token: Math.max(1, token) }) }]
  // Above every token that the original knew, and held by nobody: the original's holder may live next door.
  const next = token + 1
  await store.write([...objects, { name: leaseName(name, next), bytes: encodeLease({ state: 'released' }) }])
  await removeBefore(store, name, next)
  return createInception(store, name, { host, created, restored })
}

async function createInception(store: ObjectStore, name: string, fields: Omit<Inception, 'mark'>): Promise<Inception> {
  let inception: Inception = { ...fields, mark: 'none' }
  const isMade = await store.createMarked(inceptionName(name), (mark) => {
    inception = { ...fields, mark }
    return encodeInception(inception)
  })
  if (!isMade) throw new CountersignError('ERR_USAGE', `this store has a lineage ${name} already`)
  return inception
}
