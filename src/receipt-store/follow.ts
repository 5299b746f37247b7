/**
 * Whether a log goes on from where this client saw it last. Each boot of a gateway is a log of its own and shows its own past alone: that
 * one boot leads to the next is for `countersign witness` and `log audit`. wire.md section 4. @module
 */
import { NotVerifiedError } from '../client/errors.ts'
import type { LogSighting } from '../client/store.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import {
  decodeCheckpoint,
  decodeNote,
  encodeForkProof,
  encodeTilePath,
  type ForkProof,
  HASH_SIZE,
  proveConsistency,
  TILE_WIDTH,
  type TileSource,
  verifyCheckpoint,
  verifyFollowing,
} from '../core/log/index.ts'
import { failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import type { FollowedLog } from './followed-log.ts'

/** Whether the log signed what the storage holds: a fork that rests on a garbled note would accuse the log of it. */
export async function isOfLog({ checkpoint }: FollowedLog, { origin, vkey }: LogSighting): Promise<boolean> {
  return (await verifyCheckpoint({ origin, vkey, checkpoint })).ok
}

/** Sizes only: both notes are verified by {@link verifyFollowing}. */
function sizeOf(note: string): number {
  return decodeCheckpoint(decodeNote(note).text).size
}

function tilesOf({ read }: LogSighting): TileSource {
  return {
    read: async (tile) => {
      const octets = await read(encodeTilePath(tile))
      if (octets !== undefined) return octets
      // C2SP tlog-tiles: a partial tile may go when the full one is there.
      const full = tile.width < TILE_WIDTH ? await read(encodeTilePath({ ...tile, width: TILE_WIDTH })) : undefined
      if (full === undefined) throw new MalformedError('LOG_CONSISTENCY', `the log shows no ${encodeTilePath(tile)}`)
      return full.subarray(0, tile.width * HASH_SIZE)
    },
  }
}

/**
 * @param kept of this log, see {@link isOfLog}
 * @returns what to remember from now on: the larger of both
 * @throws NotVerifiedError of the check `history`, with both checkpoints as evidence where the log signed them; ERR_NETWORK
 */
export async function followFrom(kept: FollowedLog, sighting: LogSighting): Promise<FollowedLog> {
  const { checkpoint, askedAt, seenAt } = sighting
  const seen: FollowedLog = { checkpoint, seenAtMs: seenAt.getTime() }
  // Two programs of one holder see a log at the same time, and archives of old receipts hold old checkpoints: what was asked for before
  // the larger one was seen, or is no answer to a question about now, may be smaller, and must still lead up to it.
  const mayBeOlder = askedAt === 'unknown' || askedAt.getTime() <= kept.seenAtMs
  const isOlder = sizeOf(checkpoint) < sizeOf(kept.checkpoint)
  if (isOlder && mayBeOlder) {
    await demandContinuation(checkpoint, kept.checkpoint, sighting)
    return kept
  }
  await demandContinuation(kept.checkpoint, checkpoint, sighting)
  return seen
}

async function demandContinuation(previous: string, next: string, sighting: LogSighting): Promise<void> {
  const { origin, vkey } = sighting
  const proof = await prove({ first: previous, second: next }, sighting)
  const verdict = await verifyFollowing({ origin, vkey, previous, next, proof }, 'unchecked')
  if (verdict.ok) return
  throw refusal(verdict.code, failedCheck(verdict.checks)?.detail ?? '', { first: previous, second: next })
}

/** The hashes are the host's; an empty proof where there is nothing to prove. */
async function prove(pair: ForkProof, sighting: LogSighting): Promise<readonly Uint8Array[]> {
  const [older, newer] = [sizeOf(pair.first), sizeOf(pair.second)]
  if (older >= newer || older === 0) return []
  try {
    return await proveConsistency(tilesOf(sighting), older, newer)
  } catch (error) {
    if (error instanceof MalformedError) throw refusal('LOG_CONSISTENCY', error.message, pair)
    throw error
  }
}

function refusal(code: FailureCode, detail: string, pair: ForkProof): NotVerifiedError {
  const evidence = encodeUtf8(encodeForkProof(pair))
  return new NotVerifiedError(code, [{ name: 'history', status: 'fail', required: true, detail, code }], evidence)
}
