/** What witnesses remember of a host: the newest checkpoint that each cosigned of each of its logs. A boot asks this before it trusts its disk. @module */
import { sameBytes } from '../../core/encoding/bytes.ts'
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeLogOrigin,
  decodeNote,
  noteKey,
  verifyNoteSignature,
  type WitnessKey,
  type WitnessPolicy,
} from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { Clock, Timers } from '../deps.ts'
import { connectWitness, type WitnessConnection } from './connection.ts'
import { type HostListing, type ListedOrigin, readHostPages } from './host-listing.ts'
import { cosignatureOf, WITNESS_CLOCK_SKEW } from './witness-answer.ts'
import { WitnessFailure, type WitnessFailureReason } from './witness-failure.ts'

/** A log of the host with its newest cosigned checkpoint: the log signed it, and each of `witnesses` cosigned one of at most this size. */
export interface WitnessedOrigin extends Checkpoint {
  /** Body, the log's signature, and the cosignature of the witness that was furthest. */
  readonly note: string
  /** Of that cosignature, seconds. */
  readonly timeSeconds: number
  /** When the first witness enrolled it, seconds: the witness's word. */
  readonly since: number
  readonly witnesses: readonly string[]
}

export interface FoundWitnessed {
  /** Oldest first. */
  readonly origins: readonly WitnessedOrigin[]
  /** Witnesses that answered, and whose every word verified. */
  readonly answered: readonly string[]
  /** The others, of which nothing was used. */
  readonly failed: readonly { readonly witness: string; readonly reason: WitnessFailureReason }[]
  /** Pairs of notes with one size and two roots, both signed by the log. */
  readonly forks: readonly (readonly [string, string])[]
}

export interface FindDeps {
  readonly clock: Clock
  readonly timers: Timers
}

/** For all that one witness has to say: a boot waits for it. */
const TOTAL_MS = 10_000

/**
 * Asks every witness of the policy that has an address, at once. One witness is enough to learn of a checkpoint: the log's own signature
 * is on it, which no witness can make.
 */
export async function findWitnessed(policy: WitnessPolicy, host: string, deps: FindDeps): Promise<FoundWitnessed> {
  const asked = policy.witnesses.flatMap(({ name, key, url }) => (url === undefined ? [] : [{ name, key, url }]))
  const found = await Promise.all(
    asked.map(async ({ name, key, url }) => {
      const connection = connectWitness(url, deps.timers)
      // Page by page, each just in time, one witness could hold up a boot for minutes.
      let isLate = false
      const cancel = deps.timers.after(TOTAL_MS, () => {
        isLate = true
        void connection.close()
      })
      try {
        return { witness: name, seen: await askWitness(connection, host, { witness: name, key, clock: deps.clock }) }
      } catch (error) {
        if (!(error instanceof WitnessFailure)) throw error
        return { witness: name, reason: isLate ? 'timeout' : error.reason }
      } finally {
        cancel()
        await connection.close()
      }
    }),
  )
  const answered = found.flatMap(({ witness, seen }) => (seen === undefined ? [] : [witness]))
  const failed = found.flatMap(({ witness, reason }) => (reason === undefined ? [] : [{ witness, reason }]))
  return { ...merge(found.flatMap(({ seen = [] }) => seen)), answered, failed }
}

interface Asked {
  readonly witness: string
  readonly key: WitnessKey
  readonly clock: Clock
}

async function askWitness(
  connection: WitnessConnection,
  host: string,
  asked: Asked,
): Promise<readonly WitnessedOrigin[]> {
  const listing: HostListing = await readHostPages(connection, host)
  const seen: WitnessedOrigin[] = []
  for (const listed of listing) {
    const witnessed = await verifyListed(listed, host, asked)
    if (witnessed !== undefined) seen.push(witnessed)
  }
  return seen
}

/** Undefined for a log without a cosigned checkpoint. @throws WitnessFailure for one that does not verify: then nothing of this witness counts */
async function verifyListed(
  { origin, since, checkpoint: note }: ListedOrigin,
  host: string,
  { witness, key, clock }: Asked,
): Promise<WitnessedOrigin | undefined> {
  if (note === undefined) return undefined
  const checkpoint = await verifyOwnSignature(note, origin, host)
  const held = await cosignatureOf(note, key)
  if (held === undefined) throw new WitnessFailure('bad-cosignature')
  const { timestamp } = held.cosignature
  if (timestamp > clock.now().getTime() / 1000 + WITNESS_CLOCK_SKEW) throw new WitnessFailure('bad-time')
  return { ...checkpoint, note, timeSeconds: timestamp, since, witnesses: [witness] }
}

async function verifyOwnSignature(text: string, origin: string, host: string): Promise<Checkpoint> {
  try {
    const note = decodeNote(text)
    const checkpoint = decodeCheckpoint(note.text)
    const certified = decodeLogOrigin(origin)
    await verifyNoteSignature(note, noteKey(origin, certified.publicKey))
    if (checkpoint.origin !== origin || certified.host !== host) throw new WitnessFailure('protocol')
    return checkpoint
  } catch (cause) {
    if (cause instanceof MalformedError) throw new WitnessFailure('protocol', { cause })
    throw cause
  }
}

function merge(seen: readonly WitnessedOrigin[]): Pick<FoundWitnessed, 'origins' | 'forks'> {
  const byOrigin = new Map<string, WitnessedOrigin>()
  const forks: (readonly [string, string])[] = []
  for (const next of seen) {
    const known = byOrigin.get(next.origin)
    if (known?.size === next.size && !sameBytes(known.root, next.root)) forks.push([known.note, next.note])
    const further = known !== undefined && known.size >= next.size ? known : next
    const since = Math.min(next.since, known?.since ?? next.since)
    byOrigin.set(next.origin, { ...further, since, witnesses: [...(known?.witnesses ?? []), ...next.witnesses] })
  }
  // Sorting is stable: logs of one second stay in the order of the witness that named them first.
  return { origins: [...byOrigin.values()].sort((a, b) => a.since - b.since), forks }
}
