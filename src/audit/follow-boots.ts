/** The boots of a host from its newest log back to one that was seen before, by what each genesis names. @module */
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import {
  assertInclusion,
  createEntry,
  decodeCheckpoint,
  decodeNote,
  hashLeaf,
  proveInclusion,
  type SignedCheckpoint,
  verifyCheckpoint,
} from '../core/log/index.ts'
import { failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import { decodeGenesis, type Previous } from './genesis.ts'
import { identityOf, idOf } from './identity.ts'
import type { LogReader } from './log-reader.ts'
import { tileSource } from './tiles.ts'
import type { WatchedLog } from './watch-state.ts'

/** Boots between two looks, at most: a host that shows more is not followed through them. */
const MAX_BOOTS = 1_000

/** A log with the newest checkpoint that the host shows of it, or that its successor names; the signature is verified. */
export interface Shown {
  readonly id: string
  readonly checkpoint: SignedCheckpoint
}

async function readShown(reader: LogReader, id: string, host: string | undefined): Promise<Shown | undefined> {
  const octets = await reader.read(id, 'checkpoint')
  if (octets === undefined) return undefined
  const note = decodeUtf8(octets)
  const { origin } = decodeCheckpoint(decodeNote(note).text)
  if (idOf(origin) !== id || (host !== undefined && origin !== `${host}/log/${id}`))
    throw new MalformedError('LOG_ORIGIN', `the checkpoint of ${id} is of ${origin}`)
  return { id, checkpoint: await verified(note, origin) }
}

/** @throws MalformedError unless the key that the origin certifies signed it */
export async function verified(note: string, origin: string): Promise<SignedCheckpoint> {
  const verdict = await verifyCheckpoint({ checkpoint: note, ...identityOf(origin) })
  if (verdict.ok) return verdict.value
  throw new MalformedError(verdict.code, `the checkpoint of ${origin}: ${failedCheck(verdict.checks)?.detail ?? ''}`)
}

/** A log on the way back: without a checkpoint where it never signed one. */
type Link = Omit<Shown, 'checkpoint'> & { readonly checkpoint: SignedCheckpoint | undefined }

/**
 * What the genesis of a log names, proven to be its first leaf. Of a log that never signed anything nothing can be proven: its record is
 * the host's word, and what it names must still continue what was seen.
 * @throws MalformedError
 */
async function readPrevious(reader: LogReader, { id, checkpoint }: Link): Promise<Previous> {
  const octets = await reader.read(id, 'genesis')
  if (octets === undefined) throw new MalformedError('STATE_ROLLBACK', `the genesis of ${id} is not there`)
  if (checkpoint !== undefined) {
    const { size, root } = checkpoint
    if (size === 0) throw new MalformedError('STATE_ROLLBACK', `the log ${id} is named without its genesis`)
    const proof = await proveInclusion(tileSource(reader, id), 0, size)
    assertInclusion({ leafHash: hashLeaf(createEntry('genesis', octets)), index: 0, size, proof }, root)
  }
  return decodeGenesis(octets).previous
}

/** The newest log that has signed something: a boot that has just begun has not. */
export async function newestShown(reader: LogReader, ids: readonly string[], host: string | undefined): Promise<Shown> {
  for (const id of ids) {
    const shown = await readShown(reader, id, host)
    if (shown !== undefined && shown.checkpoint.size > 0) return shown
  }
  throw new MalformedError('LOG_ROLLBACK', 'the host shows no log that has signed a checkpoint')
}

/**
 * Logs that were begun since the last look, newest first, each named by the one after it; and what the oldest of them names of the log that
 * was the newest then.
 */
export async function followBoots(
  reader: LogReader,
  newest: Shown,
  last: WatchedLog,
): Promise<{ readonly begun: readonly Shown[]; readonly named: SignedCheckpoint | undefined }> {
  const begun: Shown[] = []
  const seen = idOf(last.origin)
  let at: Link = newest
  for (let steps = 0; at.id !== seen; steps++) {
    if (at.checkpoint !== undefined) begun.push({ id: at.id, checkpoint: at.checkpoint })
    const previous = await readPrevious(reader, at)
    // A host that was rolled back, or that hides a history, begins another one that does not lead to what was seen.
    if (previous.source === 'none' || steps >= MAX_BOOTS)
      throw new MalformedError('STATE_ROLLBACK', `the log ${at.id} does not lead back to ${last.origin}`)
    const { origin, checkpoint } = previous
    at = { id: idOf(origin), checkpoint: checkpoint === '' ? undefined : await verified(checkpoint, origin) }
  }
  if (at.checkpoint === undefined)
    throw new MalformedError('STATE_ROLLBACK', `${last.origin} is named as one that never signed a checkpoint`)
  return { begun, named: begun.length === 0 ? undefined : at.checkpoint }
}
