/** Whether a log goes on from where its follower last saw it: no fork, no step back, no standing still. @module */
import { sameBytes } from '../encoding/bytes.ts'
import { type Checker, failedCheck, judge, type Verdict } from '../verdict.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { assertConsistency } from './merkle.ts'
import { CHECKPOINT_CHECKS, judgeCheckpoint, type LogIdentity, verifyCheckpoint } from './verify.ts'

const FOLLOWING_CHECKS = [
  ...CHECKPOINT_CHECKS,
  'previous',
  'split-view',
  'rollback',
  'consistency',
  'clock',
  'freshness',
] as const
type FollowingCheck = (typeof FOLLOWING_CHECKS)[number]

export interface FollowingEvidence extends LogIdentity {
  /** The signed checkpoint that the follower kept; `none` for the first one it sees. */
  readonly previous: string | 'none'
  /** The signed checkpoint that the log shows now: the host's. */
  readonly next: string
  /** From one to the other (RFC 6962 2.1.2): the host's. */
  readonly proof: readonly Uint8Array[]
}

export interface Freshness {
  /** The newest time that the log can prove: of a quoted statement or of cosignatures. A checkpoint itself has none. */
  readonly provenTime: Date
  /** By the follower's own clock. */
  readonly now: Date
  readonly maxStalenessSeconds: number
  /** By how much clocks may differ. */
  readonly skewSeconds: number
}

export interface Following {
  readonly checkpoint: SignedCheckpoint
  readonly previous: SignedCheckpoint | 'none'
  readonly provenTime: Date | 'unchecked'
}

/**
 * Judges the next checkpoint of a log that is followed. After LOG_SPLIT_VIEW and LOG_ROLLBACK keep both notes: `encodeForkProof`.
 *
 * @example
 * const verdict = await verifyFollowing({ previous: kept, next, proof, vkey, origin }, 'unchecked')
 * if (verdict.ok) kept = verdict.value.checkpoint.note
 */
export function verifyFollowing(
  { previous: kept, next: note, proof, ...log }: FollowingEvidence,
  freshness: Freshness | 'unchecked',
): Promise<Verdict<Following>> {
  return judge(FOLLOWING_CHECKS, async (check) => {
    const next = await judgeCheckpoint(check, note, log)
    const previous = await judgePrevious(check, kept, log)
    if (previous !== 'none') judgeContinuation(check, { previous, next, proof })
    judgeFreshness(check, freshness)
    return { checkpoint: next, previous, provenTime: freshness === 'unchecked' ? freshness : freshness.provenTime }
  })
}

/** Judged again: a fork that rests on a note that the follower's own disk garbled would accuse the log of it. */
async function judgePrevious(
  check: Checker<FollowingCheck>,
  kept: string | 'none',
  log: LogIdentity,
): Promise<SignedCheckpoint | 'none'> {
  if (kept === 'none') {
    for (const name of ['previous', 'split-view', 'rollback', 'consistency'] as const)
      check.unchecked(name, 'no earlier checkpoint is known')
    return kept
  }
  const verdict = await verifyCheckpoint({ ...log, checkpoint: kept })
  if (!verdict.ok) return check.fail('previous', verdict.code, failedCheck(verdict.checks)?.detail)
  check.pass('previous', `${verdict.value.size} leaves`)
  return verdict.value
}

function judgeContinuation(
  check: Checker<FollowingCheck>,
  {
    previous,
    next,
    proof,
  }: { readonly previous: SignedCheckpoint; readonly next: SignedCheckpoint; readonly proof: readonly Uint8Array[] },
): void {
  const forked = previous.size === next.size && !sameBytes(previous.root, next.root)
  check.that('split-view', !forked, 'LOG_SPLIT_VIEW', { fail: `two roots over ${next.size} leaves` })
  check.that('rollback', next.size >= previous.size, 'LOG_ROLLBACK', {
    seen: `${next.size} leaves`,
    wanted: `${previous.size} or more`,
  })
  check.decode('consistency', () => assertConsistency(previous, next, proof))
}

function judgeFreshness(check: Checker<FollowingCheck>, freshness: Freshness | 'unchecked'): void {
  if (freshness === 'unchecked') {
    check.unchecked('clock', 'the caller knows no time that the log can prove')
    check.unchecked('freshness', 'the caller knows no time that the log can prove')
    return
  }
  const { provenTime, now, maxStalenessSeconds, skewSeconds } = freshness
  const ageSeconds = (now.getTime() - provenTime.getTime()) / 1000
  // Asked so that a time which is no number fails.
  check.that('clock', ageSeconds >= -skewSeconds, 'LOG_TIME', {
    seen: `${-ageSeconds} s ahead`,
    wanted: `at most ${skewSeconds} s`,
    pass: `${ageSeconds} s ago`,
  })
  check.that('freshness', ageSeconds <= maxStalenessSeconds, 'LOG_STALE', {
    seen: `${ageSeconds} s old`,
    wanted: `at most ${maxStalenessSeconds} s`,
  })
}
