/** What the witnesses remember of this host, beside what the store has: checks.md L12. A host that puts an old copy back cannot change it. @module */
import type { WitnessPolicy } from '../../core/log/index.ts'
import type { StateError } from '../../errors.ts'
import type { Clock, Timers } from '../deps.ts'
import { findWitnessed, judgeState, type WitnessedOrigin } from '../witnessing/index.ts'
import type { PreviousLog } from './previous-log.ts'

export interface WitnessedPast {
  /** Why the store is behind; undefined when it is not, or when nobody could say. */
  readonly rollback: StateError | undefined
  /** The newest log as a witness saw it, where that is more than the store has, or another tree. */
  readonly ahead: WitnessedOrigin | undefined
  /** Origins that witnesses follow and the store does not have, newest last. */
  readonly missing: readonly string[]
  /** Witnesses that gave no answer that verifies. */
  readonly silent: readonly string[]
}

export interface PastInquiry {
  readonly policy: WitnessPolicy
  readonly host: string
  readonly previous: PreviousLog | undefined
  /** Ids of all logs in the store. */
  readonly ids: readonly string[]
  readonly clock: Clock
  readonly timers: Timers
}

/** A genesis names so many of them. */
const MAX_MISSING = 16

export async function askWitnesses(inquiry: PastInquiry): Promise<WitnessedPast> {
  const { policy, host, previous, ids, clock, timers } = inquiry
  const { origins, failed } = await findWitnessed(policy, host, { clock, timers })
  const known = new Set(ids.map((id) => `${host}/log/${id}`))
  const seen = origins.find(({ origin }) => origin === previous?.origin)
  const stored = previous === undefined ? undefined : await storedBeside(previous, seen)
  const verdict = judgeState({ stored, witnessed: origins, known })
  const isAhead = seen !== undefined && judgeState({ stored, witnessed: [seen], known }) !== 'current'
  return {
    rollback: verdict === 'current' ? undefined : verdict,
    ahead: isAhead ? seen : undefined,
    missing: origins
      .map(({ origin }) => origin)
      .filter((origin) => origin !== previous?.origin && !known.has(origin))
      .slice(-MAX_MISSING),
    silent: failed.map(({ witness }) => witness),
  }
}

/** The store's own tree at the size that the witness saw, where it has that many leaves. */
async function storedBeside(
  { origin, size, rootAt }: PreviousLog,
  seen: WitnessedOrigin | undefined,
): Promise<{ readonly origin: string; readonly size: number; readonly root: Uint8Array }> {
  if (seen === undefined || seen.size > size) return { origin, size, root: new Uint8Array(0) }
  const root = await rootAt(seen.size)
  // A tree that the store cannot show is none: it does not hold what it claims to.
  return { origin, size: seen.size, root: root ?? new Uint8Array(0) }
}
