/** The time T at which evidence is judged, and why it may be believed. wire.md section 5. @module */
import { BUILT_AT } from '../build-date.ts'
import { createEntry, verifyInclusion } from '../log/index.ts'
import type { Policy } from '../policy.ts'
import type { Checker } from '../verdict.ts'
import { exporterChallenge } from './exporter.ts'
import { NITRO_STATEMENT_MAX_LIFE } from './statement.ts'
import type { WitnessedQuote } from './witnesses.ts'

/**
 * `nonce`: a log entry that commits to a nonce of the verifier's own lies below the quote, so the quote is newer than the nonce.
 * `witnessed`: a quorum of witnesses that policy names saw the quote in the log; T is when.
 * `as-given`: the verifier proves nothing itself. T is the witnessed time where the evidence proves one, that of the Nitro document where
 * policy names it, else `at`, which passes only where policy spells the time unchecked.
 * `statement`: the same, with the statement's own time for `at`: the host's word, which is not believed beyond `now`.
 */
export type TimeAnchor =
  | {
      readonly source: 'nonce'
      readonly at: Date
      /** When the verifier made the nonce, by its own clock. */
      readonly noncedAt: Date
      /** The 33 octets that commit to the nonce. */
      readonly entry: Uint8Array
      /** Where the entry commits to a TLS connection too: its exporter value. */
      readonly exporter?: Uint8Array
      /** C2SP tlog-proof of the entry; undefined when the gateway gave none. */
      readonly proof: string | undefined
    }
  | { readonly source: 'witnessed' }
  | { readonly source: 'as-given'; readonly at: Date }
  | { readonly source: 'statement'; readonly now: Date }

/** T, and where it came from. `document`: the time that the security module of AWS wrote into its document. */
export interface JudgedTime {
  readonly source: TimeAnchor['source'] | 'document'
  readonly at: Date
}

/**
 * The time anchor of a challenge: its log entry is 0x04 || SHA-256(nonce), or the same over nonce and exporter value of a connection that
 * the challenge was sent over.
 */
export function challengeAnchor(challenge: {
  nonce: Uint8Array
  noncedAt: Date
  at: Date
  proof: string | undefined
  exporter?: Uint8Array
}): TimeAnchor {
  const { nonce, noncedAt, at, proof, exporter } = challenge
  const anchor = { source: 'nonce', at, noncedAt, proof } as const
  if (exporter === undefined) return { ...anchor, entry: createEntry('nonce', nonce) }
  return { ...anchor, entry: createEntry('nonce', exporterChallenge(nonce, exporter)), exporter }
}

/** The quoted checkpoint that a proof must lead to. */
export interface QuotedCheckpoint {
  readonly vkey: string
  readonly body: string
  readonly origin: string
}

/** What beside a nonce may prove the time, and what the host says of it. */
export interface ProvenTimes {
  readonly quoted: QuotedCheckpoint
  /** Of the statement, seconds since 1970. */
  readonly iat: number
  readonly documentTime: Date | undefined
  readonly witnessed: WitnessedQuote | undefined
}

type AnchorCheck = 'nonce' | 'time' | 'clock'

/** Proves the time, or says that nobody does. @param documentTime that of a Nitro document, which its signature vouches for */
export async function checkAnchor(
  check: Checker<AnchorCheck>,
  time: TimeAnchor,
  { audit }: Policy,
  { quoted, iat, documentTime, witnessed }: ProvenTimes,
): Promise<JudgedTime> {
  if (time.source !== 'nonce') {
    check.unchecked('nonce', 'no nonce of your own is under this quote')
    check.unchecked('clock', 'the time is not read from a clock of yours')
    if (witnessed !== undefined) {
      check.pass('time', `witnessed: ${witnessed.at.toISOString()}`)
      return { source: 'witnessed', at: witnessed.at }
    }
    if (time.source === 'witnessed')
      check.fail('time', 'TIME_UNANCHORED', 'no quorum of witnesses that policy names proves the time')
    if (time.source === 'as-given') return checkGivenTime(check, time.at, { audit, documentTime })
    return checkSelfAssertedTime(check, time.now, { audit, documentTime, iat })
  }
  if (time.proof === undefined)
    check.fail('nonce', 'NONCE_MISSING', 'the gateway gave no proof that your nonce is in its log')
  const { vkey, origin, body } = quoted
  // The leaf is one hash of both: where it commits to a connection, an honest gateway on this connection has made it.
  const mismatch = time.exporter === undefined ? 'NONCE_MISMATCH' : 'CHANNEL_EXPORTER_MISMATCH'
  const proven = await verifyInclusion({ proof: time.proof, entry: time.entry, vkey, origin })
  if (!proven.ok)
    check.fail(
      'nonce',
      proven.code === 'LOG_INCLUSION' ? mismatch : proven.code,
      'the log does not hold your nonce where the proof says',
    )
  check.that('nonce', proven.value.body === body, 'CHECKPOINT_NOT_QUOTED', {
    pass: 'the quote is newer than your nonce',
    fail: 'the nonce is in another checkpoint than the quoted one',
  })
  check.pass('time', 'proven by your nonce')
  // A clock that stands before this software was made is wrong, and with it every bound that was judged by it.
  check.that('clock', time.at >= BUILT_AT, 'CLOCK_IMPLAUSIBLE', {
    seen: time.at.toISOString(),
    wanted: `not before ${BUILT_AT.toISOString()}, when this software was made`,
  })
  return { source: 'nonce', at: time.at }
}

/** A time that nobody proves, or that of a Nitro document where policy names it. */
export function checkGivenTime(
  check: Checker<'time'>,
  at: Date,
  { audit, documentTime }: { audit: Policy['audit']; documentTime: Date | undefined },
): JudgedTime {
  if (audit.time === 'nitro-document') {
    if (documentTime === undefined)
      check.fail('time', 'TIME_UNANCHORED', 'policy names the time of the Nitro document, and this is no such document')
    check.pass('time', `as the Nitro document says: ${documentTime.toISOString()}`)
    return { source: 'document', at: documentTime }
  }
  if (audit.time !== 'unchecked')
    check.fail('time', 'TIME_UNANCHORED', 'the host owns its clock and no nonce or witness proves the time')
  check.unchecked('time', 'as given, not proven')
  return { source: 'as-given', at }
}

/**
 * The time that the statement itself gives. A host that dates it ahead gains nothing: T is then `now`, before which its life has not begun.
 */
function checkSelfAssertedTime(
  check: Checker<'time'>,
  now: Date,
  given: { readonly audit: Policy['audit']; readonly documentTime: Date | undefined; readonly iat: number },
): JudgedTime {
  const said = new Date(given.iat * 1000)
  if (given.audit.time !== 'unchecked') return checkGivenTime(check, now, given)
  check.unchecked('time', 'self-asserted: as the statement says, not proven')
  return { source: 'statement', at: said < now ? said : now }
}

/** A host's clock may be this far ahead of the verifier's, seconds. */
const CLOCK_SKEW = 300

/** What bounds a statement's life: its own words, the certificate under its quote and, on Nitro, the device's clock. */
export interface StatementLife {
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
  readonly expiresAt: Date
  readonly documentTime: Date | undefined
}

/** T lies within the life of the statement, and a nonce of one's own is not older than policy allows. */
export function checkTimes(
  check: Checker<'statement-time' | 'age'>,
  { judged, anchor }: { judged: JudgedTime; anchor: TimeAnchor },
  { iat, exp, expiresAt, documentTime }: StatementLife,
  { live }: Policy,
): void {
  const { at } = judged
  const from = new Date((iat - CLOCK_SKEW) * 1000)
  // The host could hand a document of one time to a statement of another.
  const apart = documentTime === undefined ? 0 : Math.abs(documentTime.getTime() - iat * 1000)
  const tooLong = documentTime !== undefined && exp - iat > NITRO_STATEMENT_MAX_LIFE
  const within = at >= from && at < expiresAt
  check.that('statement-time', within && apart <= CLOCK_SKEW * 1000 && !tooLong, 'STATEMENT_TIME', {
    seen: `${at.toISOString()}${documentTime === undefined ? '' : `, document of ${documentTime.toISOString()}, life ${exp - iat} s`}`,
    wanted: `from ${from.toISOString()} to before ${expiresAt.toISOString()}`,
  })
  if (anchor.source !== 'nonce') {
    check.unchecked('age', 'no nonce to count from')
    return
  }
  const age = Math.floor((at.getTime() - anchor.noncedAt.getTime()) / 1000)
  check.that('age', age >= 0 && age <= live.maxAgeSeconds, 'EVIDENCE_STALE', {
    seen: `${age} s since the nonce was made`,
    wanted: `at most ${live.maxAgeSeconds} s`,
  })
}
