/** One look at the logs of a host by somebody who has looked before: what was seen must still be there, and be continued. @module */
import type { Trust } from '../core/evidence/attestation.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import {
  type FollowingEvidence,
  type ForkProof,
  type Freshness,
  type SignedCheckpoint,
  verifyFollowing,
} from '../core/log/index.ts'
import { type Check, failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import { fetchConsistency, type LogSource } from './continues.ts'
import { followBoots, newestShown, type Shown, verified } from './follow-boots.ts'
import { hostOf, identityOf, idOf } from './identity.ts'
import type { LogReader } from './log-reader.ts'
import { readProvenTime } from './proven-time.ts'
import type { WatchedLog, WatchState } from './watch-state.ts'

export interface WatchOptions {
  readonly reader: LogReader
  /** What was kept at the last look; `none` at the first one. */
  readonly kept: WatchState | 'none'
  readonly now: Date
  readonly maxStalenessSeconds: number | 'unchecked'
  /** For the quote that says the time. */
  readonly trust: Trust | 'unchecked'
}

/** What one look showed. */
export interface Look {
  readonly ok: boolean
  readonly code?: FailureCode
  readonly detail: string
  /** Of the newest log. */
  readonly origin: string
  readonly size: number
  readonly provenTime: Date | undefined
  readonly checks: readonly Check[]
  /** Two checkpoints that the log signed and that are not of one history, as far as it shows. */
  readonly fork: ForkProof | undefined
  /**
   * To be kept: as it was where what is shown does not continue it. What continues it is kept though it be stale: a tree that was shown and
   * forgotten could be followed by another one.
   */
  readonly state: WatchState | 'none'
}

/** By how much clocks may differ, seconds. */
const SKEW_SECONDS = 300

/** A refusal, with what proves it. */
class Refused extends MalformedError {
  readonly fork: ForkProof | undefined
  readonly checks: readonly Check[]

  constructor(
    failure: FailureCode,
    message: string,
    { fork, checks = [] }: { readonly fork?: ForkProof; readonly checks?: readonly Check[] } = {},
  ) {
    super(failure, message)
    this.fork = fork
    this.checks = checks
  }
}

/** @throws Refused with both checkpoints where the log is forked, rolled back, or shows no way from one to the other */
async function follow(
  source: LogSource,
  { kept, shown }: { readonly kept: WatchedLog; readonly shown: SignedCheckpoint },
): Promise<readonly Check[]> {
  const { size } = await verified(kept.checkpoint, kept.origin)
  const proof = await fetchConsistency(source, size, shown.size).catch((error: unknown) => {
    if (!(error instanceof MalformedError)) throw error
    throw new Refused('LOG_CONSISTENCY', `from ${size} to ${shown.size} leaves: ${error.message}`, {
      fork: { first: kept.checkpoint, second: shown.note },
    })
  })
  return judgeFollowing({ previous: kept.checkpoint, next: shown.note, proof, ...identityOf(kept.origin) })
}

/** By the newest time that the log proves. @throws Refused CHECK_NOT_PERFORMED where it proves none and one is asked for */
function freshnessOf(
  { now, maxStalenessSeconds }: WatchOptions,
  provenTime: Date | undefined,
): Freshness | 'unchecked' {
  if (provenTime !== undefined) {
    const limit = maxStalenessSeconds === 'unchecked' ? Number.POSITIVE_INFINITY : maxStalenessSeconds
    return { provenTime, now, maxStalenessSeconds: limit, skewSeconds: SKEW_SECONDS }
  }
  if (maxStalenessSeconds === 'unchecked') return 'unchecked'
  throw new Refused(
    'CHECK_NOT_PERFORMED',
    'the log keeps no quoted statement: nothing says how old its newest checkpoint is',
  )
}

interface Views {
  readonly newest: Shown
  /** The newest log of the last look. */
  readonly last: WatchedLog | undefined
  /** What the log after that one names of it, where one was begun since. */
  readonly named: SignedCheckpoint | undefined
}

/** What was seen before, against what is shown now. @throws Refused */
async function judgeHistory({ reader }: WatchOptions, { newest, last }: Views): Promise<readonly Check[]> {
  const { id, checkpoint } = newest
  if (last?.origin === checkpoint.origin) return follow({ reader, id }, { kept: last, shown: checkpoint })
  return judgeFollowing({ previous: 'none', next: checkpoint.note, proof: [], ...identityOf(checkpoint.origin) })
}

/** How old the newest checkpoint is. @throws Refused LOG_STALE, LOG_TIME, CHECK_NOT_PERFORMED */
async function judgeTime(
  options: WatchOptions,
  { checkpoint }: Shown,
  provenTime: Date | undefined,
): Promise<readonly Check[]> {
  const freshness = freshnessOf(options, provenTime)
  const log = { previous: 'none', next: checkpoint.note, proof: [], ...identityOf(checkpoint.origin) } as const
  const checks = await judgeFollowing(log, freshness)
  return checks.filter(({ name }) => TIME_CHECKS.has(name))
}

const TIME_CHECKS: ReadonlySet<string> = new Set(['clock', 'freshness'])
const FORKS: ReadonlySet<FailureCode> = new Set(['LOG_SPLIT_VIEW', 'LOG_ROLLBACK', 'LOG_CONSISTENCY'])

async function judgeFollowing(
  evidence: FollowingEvidence,
  freshness: Freshness | 'unchecked' = 'unchecked',
): Promise<readonly Check[]> {
  const verdict = await verifyFollowing(evidence, freshness)
  if (verdict.ok) return verdict.checks
  const { previous, next, origin } = evidence
  const isFork = FORKS.has(verdict.code) && previous !== 'none'
  throw new Refused(verdict.code, `${origin}: ${failedCheck(verdict.checks)?.detail ?? ''}`, {
    checks: verdict.checks,
    ...(isFork && { fork: { first: previous, second: next } }),
  })
}

/** What is kept of this look. */
function remember(
  kept: WatchState | 'none',
  views: Views & { readonly begun: readonly Shown[] },
): readonly WatchedLog[] {
  const known = kept === 'none' ? [] : kept.logs.slice(0, -1)
  const { newest, last, named, begun } = views
  const ended = named?.note ?? newest.checkpoint.note
  return [
    ...known,
    ...(last === undefined ? [] : [{ origin: last.origin, checkpoint: ended }]),
    ...[...begun].reverse().map(({ checkpoint }) => ({ origin: checkpoint.origin, checkpoint: checkpoint.note })),
  ]
}

async function view(
  { reader, kept }: WatchOptions,
  newest: Shown,
): Promise<Views & { readonly begun: readonly Shown[] }> {
  const last = kept === 'none' ? undefined : kept.logs.at(-1)
  if (last === undefined) return { newest, last, named: undefined, begun: [newest] }
  const { begun, named } = await followBoots(reader, newest, last)
  // Of the log that has ended nothing newer can be signed: its successor names where it stood.
  if (named !== undefined) await follow({ reader, id: idOf(last.origin) }, { kept: last, shown: named })
  return { newest, last, named, begun }
}

/** Looks once. @throws CountersignError ERR_NETWORK when the host cannot be asked */
export async function lookAtLogs(options: WatchOptions): Promise<Look> {
  const { reader, kept } = options
  let seen: Pick<Look, 'origin' | 'size' | 'provenTime' | 'state'> = {
    origin: '',
    size: 0,
    provenTime: undefined,
    state: kept,
  }
  try {
    const { host: listed, ids } = await reader.logs()
    if (kept !== 'none' && listed !== undefined && kept.host !== listed)
      throw new MalformedError('LOG_ORIGIN', `the host calls itself ${listed}, and ${kept.host} is watched`)
    const newest = await newestShown(reader, ids, kept === 'none' ? listed : kept.host)
    const { id, checkpoint } = newest
    const { origin, size } = checkpoint
    seen = { ...seen, origin, size }
    const views = await view(options, newest)
    // What was seen before comes before what time it is: a fork is a fork, fresh or stale.
    const history = await judgeHistory(options, views)
    const state = { host: listed ?? hostOf(origin), logs: remember(kept, views) }
    // For a log that was not seen before nothing vouches but its quote: anybody can begin one that names what was seen.
    if (views.last?.origin === origin) seen = { ...seen, state }
    const provenTime = await readProvenTime({ reader, id }, checkpoint, options.trust)
    if (provenTime === undefined && options.trust !== 'unchecked')
      throw new Refused('CHECK_NOT_PERFORMED', 'the log keeps no record of evidence: no hardware vouches for it yet')
    seen = { ...seen, provenTime, state }
    const time = await judgeTime(options, newest, provenTime)
    const checks = [...history.filter(({ name }) => !TIME_CHECKS.has(name)), ...time]
    return { ok: true, detail: kept === 'none' ? 'first look' : 'continues', ...seen, checks, fork: undefined }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const { fork, checks } = error instanceof Refused ? error : { fork: undefined, checks: [] }
    return { ok: false, code: error.failure, detail: error.message, ...seen, checks, fork }
  }
}
