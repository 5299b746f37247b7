/** Verifies one answer as a whole, from the octets held to the vendor's root, in the order of wire.md section 8. @module */

import { digestUri } from '../crypto/index.ts'
import { encodeBase64Url } from '../encoding/base64.ts'
import {
  type Attestation,
  type AttestationEvidence,
  type TimeAnchor,
  type Trust,
  verifyAttestation,
} from '../evidence/attestation.ts'
import { decodeSession } from '../evidence/session.ts'
import { decodeStatement } from '../evidence/statement.ts'
import { decodeCheckpoint, decodeVkey } from '../log/index.ts'
import { GRADES, type Grade } from '../policy.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { checkReferences, REFERENCE_CHECKS } from './check-references.ts'
import { judgeQuoted, type QuotedReceipt } from './grade.ts'
import { receiptEntry } from './receipt.ts'
import { type HeldExchange, judgeReceipt, type SignedReceipt } from './verify.ts'

/** A receipt with everything that its verification needs, octets as received: what an archive holds. */
export interface AnswerEvidence extends AttestationEvidence {
  /** `<JWS>~<disclosure>~…~` */
  readonly receipt: string
  /** C2SP tlog-proof of the receipt's leaf; absent until it is quoted. */
  readonly proof?: string
}

/** When the answer is judged. With a nonce of one's own (in `held.nonce`) under the quote the time is proven, else it is as given. */
export interface AnswerTime {
  readonly at: Date
  /** When the nonce was made, by the verifier's own clock; needed with a nonce. */
  readonly noncedAt: Date | 'unknown'
  /** What T is where nothing proves one: `at`, or the time of the statement itself, which is the host's word and never after `at`. */
  readonly unproven?: 'as-given' | 'statement'
}

export interface VerifiedAnswer {
  readonly signed: SignedReceipt
  readonly attestation: Attestation
  readonly quoted: QuotedReceipt | undefined
  readonly grade: Grade
}

const CHECKS = ['documents', ...REFERENCE_CHECKS, 'merge-by', 'grade'] as const

function readView(
  evidence: AnswerEvidence,
): Pick<Attestation, 'session' | 'sessionDigest' | 'logKey' | 'statement' | 'checkpoint'> {
  const session = decodeSession(evidence.session)
  const statement = decodeStatement(evidence.statement)
  return {
    session,
    sessionDigest: digestUri(evidence.session),
    logKey: decodeVkey(session.keys.log),
    statement,
    checkpoint: decodeCheckpoint(statement.checkpoint),
  }
}

function anchorOf(
  { claims, receipt }: SignedReceipt,
  evidence: AnswerEvidence,
  held: HeldExchange,
  { at, noncedAt, unproven = 'as-given' }: AnswerTime,
): TimeAnchor {
  // The leaf commits to the nonce only through the receipt that holds it; the nonce check of the receipt has passed when this is read.
  const own = held.nonce !== 'unchecked' && claims.eat_nonce === encodeBase64Url(held.nonce)
  if (!own || noncedAt === 'unknown')
    return unproven === 'statement' ? { source: 'statement', now: at } : { source: 'as-given', at }
  return { source: 'nonce', at, noncedAt, entry: receiptEntry(receipt.issuerJws), proof: evidence.proof }
}

function gradeOf(quoted: QuotedReceipt | undefined, { witnessed }: Attestation): Grade {
  if (quoted === undefined) return 'signed'
  return witnessed === undefined ? 'quoted' : 'witnessed'
}

/**
 * Past the time by which the gateway promised a place in the log, a receipt without one is evidence of omission. Only T counts: a holder
 * could name any other time. Where T is the word of the host, who made the promise, the verifier's own clock counts instead.
 * @param mergeBy seconds since 1970
 * @param now by the verifier's own clock, where T is the statement's
 */
function checkMergeBy(
  check: Checker<'merge-by'>,
  mergeBy: number,
  quoted: QuotedReceipt | undefined,
  { time, judgedAt, now }: Pick<Attestation, 'time' | 'judgedAt'> & { readonly now: Date },
): void {
  const due = new Date(mergeBy * 1000)
  const at = time === 'statement' ? now : judgedAt
  const promise = `promised by ${due.toISOString()}`
  const asGiven = time === 'as-given' ? ', a time as given' : ''
  if (quoted !== undefined) check.pass('merge-by', `in the log, ${promise}`)
  else if (at > due)
    check.fail('merge-by', 'LOG_MMD_EXCEEDED', `no proof of inclusion at ${at.toISOString()}${asGiven}, ${promise}`)
  // Before the deadline T says nothing: it dates the quote, which the holder chose, and it may be later by now.
  else check.unchecked('merge-by', `not due yet at ${at.toISOString()}${asGiven}; ${promise}`)
}

function checkGrade(check: Checker<'grade'>, grade: Grade, least: Grade): void {
  check.that('grade', GRADES.indexOf(grade) >= GRADES.indexOf(least), 'GRADE_TOO_LOW', {
    pass: grade,
    fail: `${grade}, policy asks for ${least}`,
  })
}

/**
 * Verifies receipt, log and evidence of one answer.
 *
 * @example
 * const verdict = await verifyAnswer(archive, held, { policy, lock }, { at: new Date(), noncedAt: 'unknown' })
 * if (!verdict.ok) throw new Error(verdict.code)
 */
export function verifyAnswer(
  evidence: AnswerEvidence,
  held: HeldExchange,
  trust: Trust,
  time: AnswerTime,
): Promise<Verdict<VerifiedAnswer>> {
  return judge(CHECKS, async (check) => {
    const view = check.decode('documents', () => readView(evidence))
    const signed = check.include('receipt', await judgeReceipt(evidence.receipt, view, held, trust))
    const quoted =
      evidence.proof === undefined ? undefined : check.include('log', await judgeQuoted(signed, view, evidence.proof))
    const attestation = check.include(
      'evidence',
      await verifyAttestation(evidence, trust, anchorOf(signed, evidence, held, time)),
    )
    checkReferences(check, signed, { attestation, channel: held.channel }, trust)
    checkMergeBy(check, signed.claims.log.merge_by, quoted, { ...attestation, now: time.at })
    const grade = gradeOf(quoted, attestation)
    checkGrade(check, grade, trust.policy.grade)
    return { signed, attestation, quoted, grade }
  })
}
