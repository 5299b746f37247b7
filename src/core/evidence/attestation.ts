/** Verifies that a session and its newest statement are vouched for by hardware that the policy trusts. wire.md sections 1, 5, 8. @module */
import { digestUri, ed25519Spki, sha256 } from '../crypto/index.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { type LockRow, matchRows } from '../lock.ts'
import { type Checkpoint, decodeCheckpoint, decodeVkey, matchOriginKey, type NoteKey } from '../log/index.ts'
import { formatMeasurements } from '../measurement/measurements.ts'
import { type OhttpKey, ohttpKeysOf, readOhttpKeyConfigs } from '../ohttp/key-configs.ts'
import { readPolicy } from '../policy.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { configurationSource } from './configuration.ts'
import { readDocumentTime } from './document-time.ts'
import { checkGiven, checkRevocation } from './given-judges.ts'
import { type EndorsedQuote, type HardwareAttestation, measurementsOf, type Trust, verifyHardware } from './hardware.ts'
import { checkGenesis, checkWitnesses, type HistoryEvidence } from './history.ts'
import { isUntagged } from './report-data.ts'
import { decodeSession, type Session, sessionDependency } from './session.ts'
import { decodeStatement, type Statement, statementReportData } from './statement.ts'
import { checkAnchor, checkTimes, type JudgedTime, type TimeAnchor } from './time-anchor.ts'
import type { WitnessedQuote } from './witnesses.ts'

export type { Trust } from './hardware.ts'
export { challengeAnchor, type TimeAnchor } from './time-anchor.ts'

/** What a gateway shows of itself, octets as received. */
export interface AttestationEvidence extends HistoryEvidence {
  readonly session: Uint8Array
  readonly statement: Uint8Array
  readonly quote: EndorsedQuote
}

export interface Attestation {
  readonly session: Session
  /** `sha256:` of the session's octets: receipts name it. */
  readonly sessionDigest: string
  readonly statement: Statement
  readonly checkpoint: Checkpoint
  readonly logKey: NoteKey
  readonly hardware: HardwareAttestation
  /** Rows of the lock that match measurement and configuration. */
  readonly rows: readonly LockRow[] | 'unchecked'
  /** Digest of the measured configuration; `hardware` when the hardware carries it, else the word of measured code. */
  readonly configuration: { readonly digest: string; readonly source: 'hardware' | 'gateway' }
  /** min(statement.exp, end of the certificate that signed the quote). */
  readonly expiresAt: Date
  readonly time: JudgedTime['source']
  /** T. */
  readonly judgedAt: Date
  /** The quote as a quorum of witnesses saw it; undefined where policy names none, or the evidence proves none. */
  readonly witnessed: WitnessedQuote | undefined
  /** Exporter value of the TLS connection that the challenge was bound to; undefined where it was bound to none. */
  readonly exporter: Uint8Array | undefined
}

const CHECKS = {
  'policy-revision': 'formats.md, Policy and lock',
  'lock-approval': 'formats.md, Policy and lock',
  session: 'formats.md, Session',
  statement: 'formats.md, Statement and report data',
  'statement-session': 'formats.md, Statement and report data',
  'session-keys': 'formats.md, Session',
  'log-key': 'formats.md, Log',
  witnesses: 'formats.md, The grade witnessed',
  genesis: 'formats.md, Archive',
  nonce: 'formats.md, Time',
  time: 'formats.md, Time',
  clock: 'formats.md, Time',
  'report-data-domain': 'formats.md, Statement and report data',
  'statement-time': 'formats.md, Time',
  age: 'formats.md, Time',
  'lock-row': 'formats.md, Policy and lock',
  revocation: 'formats.md, Revocations',
  channel: 'formats.md, Channel',
} as const
type CheckName = keyof typeof CHECKS

/** What every verdict takes for granted. */
export const ASSUMPTIONS: readonly string[] = [
  'the set of gateways is not closed: another gateway of the same host may exist with another history',
]

/** Raw and as certificates would name them: TLS keys are known by that digest alone. */
function keysAreDistinct({ keys }: Session, log: NoteKey, ohttp: readonly OhttpKey[]): boolean {
  const receipt = decodeBase64Url(keys.receipt.x)
  const raw = [receipt, log.publicKey, ...ohttp.map(({ publicKey }) => publicKey)]
  const spkis = [ed25519Spki(receipt), ed25519Spki(log.publicKey), ...ohttp.flatMap(({ spki }) => spki ?? [])]
  const named = [...spkis.map((spki) => encodeHex(sha256(spki))), ...keys.tls_spki_sha256]
  return [raw.map(encodeHex), named].every((list) => new Set(list).size === list.length)
}

/** Whoever hands the files over could hand over an old policy: the lock says how old it may be. One made by hand is read like a file. */
export function checkPolicy(check: Checker<'policy-revision' | 'lock-approval'>, trust: Trust): void {
  const { policy, lock, approval } = trust
  check.decode('policy-revision', () => readPolicy(policy))
  checkGiven(
    check,
    'lock-approval',
    policy.lockApproval,
    lock && approval && ((demand) => approval(check, demand, lock)),
  )
  if (lock === undefined) {
    check.unchecked('policy-revision', `${policy.revision}; no lock file says which is the least`)
    return
  }
  check.that('policy-revision', policy.revision >= lock.minimumPolicyRevision, 'POLICY_ROLLBACK', {
    seen: String(policy.revision),
    wanted: `at least ${lock.minimumPolicyRevision}`,
  })
}

function checkLock(
  check: Checker<CheckName>,
  { policy, lock }: Trust,
  { hardware, config, at }: { hardware: HardwareAttestation; config: string; at: Date },
): readonly LockRow[] | 'unchecked' {
  if (policy.measurements === 'unchecked') {
    check.unchecked('lock-row')
    return 'unchecked'
  }
  if (lock === undefined) {
    check.missing('lock-row', 'policy locks measurements and no lock file was given')
    return []
  }
  const seen = measurementsOf(hardware)
  const match = matchRows(lock, { seen, config, at })
  if (!match.ok) check.fail('lock-row', match.code, match.detail)
  check.pass('lock-row', `${formatMeasurements(seen)}, configuration ${config.slice(7, 23)}…`)
  return match.rows
}

interface Documents {
  readonly session: Session
  readonly sessionDigest: string
  readonly statement: Statement
  readonly checkpoint: Checkpoint
  readonly logKey: NoteKey
  /** SHA-256 of the measured configuration, hex. */
  readonly configuration: string
}

function checkDocuments(check: Checker<CheckName>, evidence: AttestationEvidence, { policy }: Trust): Documents {
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
  const { ohttp } = session.keys
  const ohttpKeys =
    ohttp === undefined
      ? []
      : check.decode('session-keys', () => readOhttpKeyConfigs(ohttp).flatMap(ohttpKeysOf), 'SESSION_INVALID')
  check.that('session-keys', keysAreDistinct(session, logKey, ohttpKeys), 'KEY_PURPOSE', {
    pass: 'pairwise distinct',
    fail: 'one key has two roles',
  })
  const allowed = policy.origins === 'unchecked' || policy.origins.some((prefix) => logKey.name.startsWith(prefix))
  check.decode('log-key', () => matchOriginKey(logKey.name, logKey.publicKey))
  check.that('log-key', allowed && checkpoint.origin === logKey.name, 'LOG_ORIGIN', {
    pass: logKey.name,
    fail: `origin ${checkpoint.origin} is not that of the session's log key or of the policy`,
  })
  return { session, sessionDigest, statement, checkpoint, logKey, configuration: config.digest.sha256 }
}

/** They are read before and after waiting for signatures: whoever gave them could write others there in between. */
function copyOctets({ session, statement, quote, ...proofs }: AttestationEvidence): AttestationEvidence {
  return { ...proofs, session: new Uint8Array(session), statement: new Uint8Array(statement), quote: copyQuote(quote) }
}

function copyQuote(quote: EndorsedQuote): EndorsedQuote {
  switch (quote.tee) {
    case 'snp':
      return { ...quote, report: new Uint8Array(quote.report) }
    case 'tdx':
      return { ...quote, quote: new Uint8Array(quote.quote) }
    case 'nitro':
      return { ...quote, document: new Uint8Array(quote.document) }
    default:
      return quote satisfies never
  }
}

/**
 * Verifies session, statement and quote as one.
 * @param anchor T and its proof; a time as given never satisfies a policy that asks for a proven one
 */
export function verifyAttestation(
  given: AttestationEvidence,
  trust: Trust,
  anchor: TimeAnchor,
): Promise<Verdict<Attestation>> {
  return judge(CHECKS, async (check) => {
    check.assume(...ASSUMPTIONS)
    checkPolicy(check, trust)
    const evidence = copyOctets(given)
    const { configuration, ...documents } = checkDocuments(check, evidence, trust)
    const { session, statement, logKey } = documents
    const documentTime = readDocumentTime(evidence.quote)
    const quoted = { vkey: session.keys.log, body: statement.checkpoint, origin: logKey.name }
    const tree = { vkey: quoted.vkey, checkpoint: documents.checkpoint }
    const witnessed = await checkWitnesses(check, evidence, tree, { policy: trust.policy, anchor })
    await checkGenesis(check, evidence, quoted, witnessed)
    const judged = await checkAnchor(check, anchor, trust.policy, {
      quoted,
      iat: statement.iat,
      documentTime,
      witnessed,
    })
    check.that('report-data-domain', !isUntagged(evidence.quote, evidence.statement), 'REPORT_DATA_DOMAIN', {
      pass: 'no use of the statement without its tag',
      fail: 'the quote commits to the statement without saying what for',
    })
    const hardware = check.include(
      '',
      await verifyHardware(evidence.quote, trust, {
        at: judged.at,
        reportData: statementReportData(evidence.statement),
        besideReportData: 'absent',
      }),
    )
    const expiresAt = new Date(Math.min(statement.exp * 1000, hardware.attested.notAfter.getTime()))
    checkTimes(
      check,
      { judged, anchor },
      { iat: statement.iat, exp: statement.exp, expiresAt, documentTime },
      trust.policy,
    )
    const digest = `sha256:${configuration}`
    const rows = checkLock(check, trust, { hardware, config: digest, at: judged.at })
    checkRevocation(check, trust, { session: documents.sessionDigest, hardware })
    check.unchecked('channel', 'judged with each answer: evidence alone is bound to no connection')
    const source = configurationSource(hardware, {
      configuration,
      session: evidence.session,
      epoch: session.epoch,
    })
    const time = { time: judged.source, judgedAt: judged.at }
    const exporter = anchor.source === 'nonce' ? anchor.exporter : undefined
    return { ...documents, hardware, rows, configuration: { digest, source }, expiresAt, ...time, witnessed, exporter }
  })
}
