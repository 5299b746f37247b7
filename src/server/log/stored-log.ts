/** Logs of earlier boots: read, never continued. @module */
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import {
  decodeCheckpoint,
  decodeNote,
  encodeVkey,
  noteKey,
  type SignedCheckpoint,
  verifyCheckpoint,
} from '../../core/log/index.ts'
import { MalformedError, StateError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { findSegment } from './find-segment.ts'
import { findInRuns, listRuns } from './jti-index/jti-index.ts'
import { LOG_ID, publishedName } from './names.ts'
import { readPublished } from './published-files.ts'
import { SealedRecords } from './sealed-records.ts'
import type { LogFrontier, StoredLog } from './types.ts'
import { VerifiedTiles } from './verified-tiles.ts'
import { scanSignedWal } from './wal-signature.ts'

const MAX_CHECKPOINT_SIZE: number = 128 * 1024

/**
 * Opens the log of an earlier boot by its id.
 * @returns undefined for a log that is not there or never published a checkpoint
 * @throws StateError LOG_LEAF_CORRUPT when its checkpoint is not one that the key of this id signed
 */
export async function openStoredLog(store: ObjectStore, id: string): Promise<StoredLog | undefined> {
  if (!LOG_ID.test(id)) return undefined
  const bytes = await store.read(publishedName(id, 'checkpoint'), MAX_CHECKPOINT_SIZE)
  if (bytes === undefined) return undefined
  const { vkey, checkpoint } = await verifyStored(id, bytes)
  const tiles = new VerifiedTiles(store, id)
  tiles.publish(checkpoint)
  const find = async (jti: Uint8Array): ReturnType<typeof findInRuns> =>
    findInRuns(store, await listRuns(store, id), jti)
  const sealed = new SealedRecords({ store, id, find })
  return {
    origin: checkpoint.origin,
    vkey,
    id,
    checkpoint,
    inclusionProof: (index, size) => tiles.inclusionProof(index, size),
    consistencyProof: (older, newer) => tiles.consistencyProof(older, newer),
    rootAt: (size) => tiles.rootAt(size),
    readSealed: (jti) => sealed.read(jti),
    placeOf: (jti) => sealed.placeOf(jti),
    erase: (jti) => sealed.erase(jti),
    readFile: (path) => readPublished({ store, id, tiles, checkpoint: () => bytes }, path),
    frontier: () => readFrontier(store, id),
  }
}

/** The id is the key, so the host can put nothing else under it. */
export async function verifyStored(
  id: string,
  bytes: Uint8Array,
): Promise<{ readonly vkey: string; readonly checkpoint: SignedCheckpoint }> {
  try {
    const note = decodeUtf8(bytes)
    const { origin } = decodeCheckpoint(decodeNote(note).text)
    const vkey = encodeVkey(noteKey(origin, decodeBase64Url(id)))
    const verdict = await verifyCheckpoint({ vkey, origin, checkpoint: note })
    if (verdict.ok) return { vkey, checkpoint: verdict.value }
    throw new MalformedError(verdict.code, 'the checkpoint does not verify')
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new StateError('LOG_LEAF_CORRUPT', `the checkpoint of log ${id} is damaged`, { cause })
  }
}

async function readFrontier(store: ObjectStore, id: string): Promise<LogFrontier | undefined> {
  try {
    const from = await findSegment(store, id, () => true)
    const { firstIndex: size, firstSeq, firstIntent } = (await scanSignedWal(store, id, { from })).position
    return { size, counts: { intents: firstIntent, receipts: firstSeq, open: firstIntent - firstSeq } }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
