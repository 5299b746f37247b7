/** Asks a gateway for the archive of a receipt until it verifies at the grade that is wanted. @module */
import { ARCHIVE_TYPE, type Archive, decodeArchive } from '../core/archive/index.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import { GRADES, type Grade } from '../core/policy.ts'
import { type VerifiedAnswer, verifyAnswer } from '../core/receipt/answer.ts'
import { decodeReceipt } from '../core/receipt/receipt.ts'
import type { HeldExchange } from '../core/receipt/verify.ts'
import type { Verdict } from '../core/verdict.ts'
import { CountersignError } from '../errors.ts'
import { issuerJws } from './carried-receipt.ts'
import type { ClientDeps } from './deps.ts'
import { demand, NotVerifiedError } from './errors.ts'
import { PendingError, pollDocument } from './http.ts'
import { refuseEquivocation } from './receipt-ledger.ts'

const RETRY_MS = 1_000
const MAX_WAIT_SECONDS = 10
/** What time mends: the quote is not in the log yet, or witnesses have not cosigned. */
const MENDS: readonly FailureCode[] = ['GRADE_TOO_LOW', 'WITNESS_QUORUM']

/** Grades that time brings. */
export type LaterGrade = Exclude<Grade, 'signed'>

/** What the upgrade of one receipt needs to remember. */
export interface ReceiptContext {
  /** The gateway's address up to and with `/v1`. */
  readonly base: string
  /** Retrieval capability of the receipt; whoever has it reads the receipt. */
  readonly rid: string
  readonly headers: Readonly<Record<string, string>>
  readonly held: HeldExchange
  readonly noncedAt: Date
  /** Octets of the session that the receipt was verified under. */
  readonly session: Uint8Array
  readonly trust: Trust
  readonly deps: ClientDeps
  /** Told of a grade that was reached, before the application is. It may refuse it. */
  readonly onReached?: (reached: ReachedGrade) => Promise<void>
}

export interface WantedGrade {
  readonly grade: LaterGrade
  readonly timeoutMs: number
}

export interface ReachedGrade {
  readonly verdict: Extract<Verdict<VerifiedAnswer>, { ok: true }>
  readonly token: string
  /** C2SP tlog-proof of the receipt. */
  readonly proof: string
  readonly archive: Uint8Array
}

/** The wanted grade or policy's, whichever is higher: the verdict itself then says when it is not reached. */
function demandGrade({ trust }: ReceiptContext, grade: LaterGrade): ReceiptContext['trust'] {
  const { policy } = trust
  const higher = GRADES.indexOf(policy.grade) > GRADES.indexOf(grade) ? policy.grade : grade
  return { ...trust, policy: { ...policy, grade: higher } }
}

/**
 * @param token as received with the answer: its signed part stays, its other disclosures, its place in the log and the quote come now
 * @throws NotVerifiedError, CountersignError ERR_NETWORK, ERR_USAGE for a grade that policy can never find reached
 */
export async function reachGrade(token: string, context: ReceiptContext, wanted: WantedGrade): Promise<ReachedGrade> {
  const { base, rid, headers, deps } = context
  const witnessed = context.trust.policy.audit.witnesses !== 'unchecked'
  if (!isLater(wanted.grade))
    throw new CountersignError('ERR_USAGE', 'a receipt is upgraded to "quoted" or "witnessed"')
  if (wanted.grade === 'witnessed' && !witnessed)
    throw new CountersignError(
      'ERR_USAGE',
      'the policy names no witnesses: give audit.witnesses their keys and a quorum',
    )
  const deadlineMs = deps.clock.monotonicMs() + wanted.timeoutMs
  const leftMs = (): number => Math.max(deadlineMs - deps.clock.monotonicMs(), 0)
  const url = `${base}/receipts/${rid}`
  const refusePending = (error: unknown): never => {
    if (error instanceof PendingError) refuseOverdue(token, deps.clock.now())
    throw error
  }
  await pollDocument(`${url}/proof`, { headers, timeoutMs: wanted.timeoutMs }, deps).catch(refusePending)
  for (;;) {
    const wait = Math.min(MAX_WAIT_SECONDS, Math.floor(leftMs() / 1000))
    const asked = { ...headers, accept: ARCHIVE_TYPE, prefer: `receipt=${wanted.grade}, wait=${wait}` }
    const polled = pollDocument(url, { headers: asked, timeoutMs: leftMs() }, deps)
    // Whoever waits for witnesses may wait for them alone: that the gateway owes its proof is not shown then.
    const archive = await (wanted.grade === 'quoted' ? polled.catch(refusePending) : polled)
    const judged = await judge(token, context, { archive, grade: wanted.grade })
    const mayMend = !judged.verdict.ok && MENDS.includes(judged.verdict.code) && witnessed
    if (!mayMend || leftMs() < RETRY_MS) {
      const reached = { ...judged, verdict: demand(judged.verdict) }
      await context.onReached?.(reached)
      return reached
    }
    await deps.sleep(RETRY_MS)
  }
}

/**
 * A gateway that still has no proof past the time that its receipt names broke its promise, by this client's own clock.
 * @throws NotVerifiedError LOG_MMD_EXCEEDED
 */
function refuseOverdue(token: string, now: Date): void {
  const due = new Date(decodeReceipt(token).claims.log.merge_by * 1000)
  if (now <= due) return
  const detail = `no proof of inclusion at ${now.toISOString()}, promised by ${due.toISOString()}: keep the receipt`
  const code = 'LOG_MMD_EXCEEDED'
  throw new NotVerifiedError(code, [{ name: 'merge-by', status: 'fail', required: true, detail, code }])
}

/** Plain JavaScript may give any word. */
function isLater(grade: string): boolean {
  return grade === 'quoted' || grade === 'witnessed'
}

async function judge(
  token: string,
  context: ReceiptContext,
  { archive: bytes, grade }: { readonly archive: Uint8Array; readonly grade: LaterGrade },
): Promise<Omit<ReachedGrade, 'verdict'> & { readonly verdict: Verdict<VerifiedAnswer> }> {
  const archive: Archive = decodeArchive(bytes)
  if (archive.proof === undefined) {
    refuseOverdue(token, context.deps.clock.now())
    throw new CountersignError('ERR_NETWORK', 'the gateway gave an archive without its proof; ask again')
  }
  const given = archive.receipt ?? token
  const isSame = issuerJws(given) === issuerJws(token)
  // Two receipts for one request, both signed: that is no accident of a host in between.
  if (!isSame) await refuseEquivocation({ session: context.session, receipts: [token, given] })
  const evidence = { ...archive, receipt: isSame ? given : token, proof: archive.proof }
  const { held, noncedAt, deps } = context
  const time = { at: deps.clock.now(), noncedAt }
  const verdict = await verifyAnswer(evidence, held, demandGrade(context, grade), time)
  return { verdict, token: evidence.receipt, proof: archive.proof, archive: bytes }
}
