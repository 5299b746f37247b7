/** Verifies that a session and its newest statement are vouched for by hardware that the policy trusts. wire.md sections 1, 5, 8. @module */
import { digestUri, ed25519Spki, sha256 } from '../crypto/index.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { Lock, LockRow } from '../lock.ts'
import { matchRows } from '../lock.ts'
import {
  type Checkpoint,
  createEntry,
  decodeCheckpoint,
  decodeVkey,
  matchOriginKey,
  type NoteKey,
  verifyInclusion,
} from '../log/index.ts'
import type { Policy } from '../policy.ts'
import { createSnpRoots, type SnpEndorsements, type SnpReport, verifySnpReport } from '../snp/index.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import type { Quote } from './quoter.ts'
import { decodeSession, type Session, sessionDependency } from './session.ts'
import { decodeStatement, type Statement, statementReportData } from './statement.ts'

/** What a gateway shows of itself, octets as received. */
export interface AttestationEvidence {
  readonly session: Uint8Array
  readonly statement: Uint8Array
  readonly quote: Quote
  readonly endorsements: SnpEndorsements
}

/**
 * The time T at which evidence is judged, and why it may be believed. wire.md section 5.
 * `nonce`: a log entry that commits to a nonce of the verifier's own lies below the quote, so the quote is newer than the nonce.
 * `as-given`: nobody proves it; passes only where policy spells the time unchecked.
 */
export type TimeAnchor =
  | {
      readonly source: 'nonce'
      readonly at: Date
      /** When the verifier made the nonce, by its own clock. */
      readonly noncedAt: Date
      /** The 33 octets that commit to the nonce. */
      readonly entry: Uint8Array
      /** C2SP tlog-proof of the entry; undefined when the gateway gave none. */
      readonly proof: string | undefined
    }
  | { readonly source: 'as-given'; readonly at: Date }

/** What a policy and a lock file demand. The lock may be absent only where the policy locks nothing. */
export interface Trust {
  readonly policy: Policy
  readonly lock: Lock | undefined
}

export interface Attestation {
  readonly session: Session
  /** `sha256:` of the session's octets: receipts name it. */
  readonly sessionDigest: string
  readonly statement: Statement
  readonly checkpoint: Checkpoint
  readonly logKey: NoteKey
  readonly report: SnpReport
  /** Rows of the lock that match measurement and configuration. */
  readonly rows: readonly LockRow[] | 'unchecked'
  /** Digest of the measured configuration; `hardware` when HOST_DATA carries it, else the word of measured code. */
  readonly configuration: { readonly digest: string; readonly source: 'hardware' | 'gateway' }
  /** min(statement.exp, end of the certificate that signed the quote). */
  readonly expiresAt: Date
  readonly time: TimeAnchor['source']
}

const CHECKS = [
  'session',
  'statement',
  'statement-session',
  'session-keys',
  'log-key',
  'nonce',
  'time',
  'platform',
  'statement-time',
  'age',
  'lock-row',
  'channel',
] as const
type CheckName = (typeof CHECKS)[number]

/** A host's clock may be this far ahead of the verifier's, seconds. */
const CLOCK_SKEW = 300

/** What every verdict takes for granted. */
export const ASSUMPTIONS: readonly string[] = [
  'the set of gateways is not closed: another gateway of the same host may exist with another history',
]

/** The time anchor of a challenge: its log entry is 0x04 || SHA-256(nonce). */
export function challengeAnchor(challenge: {
  nonce: Uint8Array
  noncedAt: Date
  at: Date
  proof: string | undefined
}): TimeAnchor {
  const { nonce, noncedAt, at, proof } = challenge
  return { source: 'nonce', at, noncedAt, entry: createEntry('nonce', nonce), proof }
}

function keysAreDistinct({ keys }: Session, log: NoteKey): boolean {
  const receipt = decodeBase64Url(keys.receipt.x)
  const spkis = [receipt, log.publicKey].map((key) => encodeHex(sha256(ed25519Spki(key))))
  const all = [...spkis, ...keys.tls_spki_sha256]
  return new Set(all).size === all.length
}

async function checkAnchor(
  check: Checker<CheckName>,
  time: TimeAnchor,
  { policy }: Trust,
  held: { vkey: string; body: string; origin: string },
): Promise<void> {
  if (time.source === 'as-given') {
    check.unchecked('nonce', 'no nonce of your own is under this quote')
    if (policy.audit.time !== 'unchecked')
      check.fail('time', 'TIME_UNANCHORED', 'the host owns its clock and no nonce or witness proves the time')
    check.unchecked('time', 'as given, not proven')
    return
  }
  if (time.proof === undefined)
    check.fail('nonce', 'NONCE_MISSING', 'the gateway gave no proof that your nonce is in its log')
  const proven = await verifyInclusion({ proof: time.proof, entry: time.entry, vkey: held.vkey, origin: held.origin })
  if (!proven.ok)
    check.fail(
      'nonce',
      proven.code === 'LOG_INCLUSION' ? 'NONCE_MISMATCH' : proven.code,
      'the log does not hold your nonce where the proof says',
    )
  check.that('nonce', proven.value.body === held.body, 'CHECKPOINT_NOT_QUOTED', {
    pass: 'the quote is newer than your nonce',
    fail: 'the nonce is in another checkpoint than the quoted one',
  })
  check.pass('time', 'proven by your nonce')
}

function checkTimes(
  check: Checker<CheckName>,
  time: TimeAnchor,
  { policy }: Trust,
  life: { iat: number; expiresAt: Date },
): void {
  const { at } = time
  const from = new Date((life.iat - CLOCK_SKEW) * 1000)
  const window = `${from.toISOString()} to ${life.expiresAt.toISOString()}`
  check.that('statement-time', at >= from && at < life.expiresAt, 'STATEMENT_TIME', {
    pass: window,
    fail: `${at.toISOString()} is not within ${window}`,
  })
  if (time.source === 'as-given') {
    check.unchecked('age', 'no nonce to count from')
    return
  }
  const age = Math.floor((at.getTime() - time.noncedAt.getTime()) / 1000)
  const { maxAgeSeconds } = policy.live
  check.that('age', age >= 0 && age <= maxAgeSeconds, 'EVIDENCE_STALE', {
    pass: `${age} s`,
    fail: `${age} s since the nonce was made, policy allows ${maxAgeSeconds}`,
  })
}

/** Every measurement in force; that configuration and model belong to it is for {@link checkLock} and the receipt. */
function lockedMeasurements({ policy, lock }: Trust): readonly string[] | 'unchecked' {
  if (policy.measurements === 'unchecked' || lock === undefined) return 'unchecked'
  return lock.rows.filter(({ status }) => status !== 'revoked').map(({ measurements }) => measurements.measurement)
}

function checkLock(
  check: Checker<CheckName>,
  { policy, lock }: Trust,
  seen: { measurement: string; config: string },
): readonly LockRow[] | 'unchecked' {
  if (policy.measurements === 'unchecked') {
    check.unchecked('lock-row')
    return 'unchecked'
  }
  if (lock === undefined) {
    check.missing('lock-row', 'policy locks measurements and no lock file was given')
    return []
  }
  const match = matchRows(lock, { platform: 'snp', ...seen })
  if (!match.ok) check.fail('lock-row', match.code, match.detail)
  check.pass('lock-row', `measurement ${seen.measurement.slice(0, 16)}…, configuration ${seen.config.slice(7, 23)}…`)
  return match.rows
}

/**
 * Verifies session, statement and quote as one.
 * @param time T and its proof; `as-given` never satisfies a policy that asks for a proven time
 */
export function verifyAttestation(
  evidence: AttestationEvidence,
  trust: Trust,
  time: TimeAnchor,
): Promise<Verdict<Attestation>> {
  return judge(CHECKS, async (check) => {
    check.assume(...ASSUMPTIONS)
    const { policy } = trust
    const { session, logKey, config } = check.decode('session', () => {
      const decoded = decodeSession(evidence.session)
      return {
        session: decoded,
        logKey: decodeVkey(decoded.keys.log),
        config: sessionDependency(decoded, 'configuration'),
      }
    })
    const { statement, checkpoint } = check.decode('statement', () => {
      const decoded = decodeStatement(evidence.statement)
      return { statement: decoded, checkpoint: decodeCheckpoint(decoded.checkpoint) }
    })
    const sessionDigest = digestUri(evidence.session)
    check.that(
      'statement-session',
      statement.session === sessionDigest && session.iat <= statement.iat,
      'EVIDENCE_DIGEST_MISMATCH',
      { pass: sessionDigest, fail: 'the statement is of another session' },
    )
    check.that('session-keys', keysAreDistinct(session, logKey), 'KEY_PURPOSE', {
      pass: 'pairwise distinct',
      fail: 'one key has two roles',
    })
    const allowed = policy.origins === 'unchecked' || policy.origins.some((prefix) => logKey.name.startsWith(prefix))
    check.decode('log-key', () => matchOriginKey(logKey.name, logKey.publicKey))
    check.that('log-key', allowed && checkpoint.origin === logKey.name, 'LOG_ORIGIN', {
      pass: logKey.name,
      fail: `origin ${checkpoint.origin} is not that of the session's log key or of the policy`,
    })
    await checkAnchor(check, time, trust, { vkey: session.keys.log, body: statement.checkpoint, origin: logKey.name })
    check.that('platform', policy.platforms.includes(evidence.quote.tee), 'PLATFORM_NOT_ALLOWED', {
      pass: evidence.quote.tee,
      fail: `${evidence.quote.tee} is not listed`,
    })
    const report = check.include(
      'snp',
      await verifySnpReport({ report: evidence.quote.report }, evidence.endorsements, policy.snp, {
        at: time.at,
        reportData: statementReportData(evidence.statement),
        measurements: lockedMeasurements(trust),
        roots: createSnpRoots({ roots: policy.roots, simulated: policy.dangerouslyTrustSimulatedRoots }),
      }),
    )
    const expiresAt = new Date(Math.min(statement.exp * 1000, report.notAfter.getTime()))
    checkTimes(check, time, trust, { iat: statement.iat, expiresAt })
    const digest = `sha256:${config.digest.sha256}`
    const rows = checkLock(check, trust, { measurement: encodeHex(report.report.measurement), config: digest })
    check.unchecked('channel', 'none: no key of the connection is compared with the session')
    const source = encodeHex(report.report.hostData) === config.digest.sha256 ? 'hardware' : 'gateway'
    return {
      session,
      sessionDigest,
      statement,
      checkpoint,
      logKey,
      report: report.report,
      rows,
      configuration: { digest, source },
      expiresAt,
      time: time.source,
    }
  })
}
