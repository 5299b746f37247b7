/** A verified receipt in the hands of an application, and how it reaches a higher grade. @module */
import { decodeArchive } from '../core/archive/index.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { Grade } from '../core/policy.ts'
import { type AnswerEvidence, type VerifiedAnswer, verifyAnswer } from '../core/receipt/answer.ts'
import type { ReceiptClaims } from '../core/receipt/claims.ts'
import type { Disclosed } from '../core/receipt/disclosed.ts'
import type { HeldExchange, SignedReceipt } from '../core/receipt/verify.ts'
import type { Check, Verdict, Verified } from '../core/verdict.ts'
import { CountersignError } from '../errors.ts'
import type { ClientDeps } from './deps.ts'
import { demand } from './errors.ts'
import { pollDocument } from './http.ts'

const UPGRADE_TIMEOUT_MS = 60_000

/** One verified answer's receipt. */
export interface AttestedReceipt {
  /** `<JWS>~<disclosure>~…~`, as received. */
  readonly token: string
  readonly claims: ReceiptClaims
  readonly disclosed: Disclosed
  readonly grade: Grade
  /** True when a simulated TEE vouches: a trial, never a proof. */
  readonly simulated: boolean
  readonly checks: readonly Check[]
  readonly assumptions: readonly string[]
  /** Everything that an auditor needs, once the receipt is quoted; undefined before. */
  readonly archive: Uint8Array | undefined
  /** Waits until the receipt stands in a checkpoint that the hardware quoted, and verifies that. */
  upgrade(grade: 'quoted', options?: { readonly timeoutMs?: number }): Promise<AttestedReceipt>
}

/** What the upgrade of one receipt needs to remember. */
export interface ReceiptContext {
  /** The gateway's address up to and with `/v1`. */
  readonly base: string
  /** Retrieval capability of the receipt; whoever has it reads the receipt. */
  readonly rid: string
  readonly headers: Readonly<Record<string, string>>
  readonly held: HeldExchange
  readonly noncedAt: Date
  readonly trust: Trust
  readonly deps: ClientDeps
}

/** A receipt of grade `signed`. */
export function createReceipt(
  token: string,
  verdict: Extract<Verdict<SignedReceipt>, { ok: true }>,
  context: ReceiptContext,
): AttestedReceipt {
  const { claims, disclosed } = verdict.value
  return {
    ...shared(verdict),
    token,
    claims,
    disclosed,
    grade: 'signed',
    archive: undefined,
    upgrade: (grade, options) => upgrade(token, context, grade, options),
  }
}

function shared({
  simulated,
  checks,
  assumptions,
}: Verdict<unknown>): Pick<AttestedReceipt, 'simulated' | 'checks' | 'assumptions'> {
  return { simulated, checks, assumptions }
}

function issuerJws(token: string): string {
  return token.slice(0, token.indexOf('~'))
}

async function upgrade(
  token: string,
  context: ReceiptContext,
  grade: 'quoted',
  { timeoutMs = UPGRADE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<AttestedReceipt> {
  if (grade !== 'quoted') throw new CountersignError('ERR_USAGE', 'a receipt can be upgraded to "quoted"')
  const { base, rid, headers, trust, held, noncedAt, deps } = context
  const url = `${base}/receipts/${rid}`
  await pollDocument(`${url}/proof`, { headers, timeoutMs }, deps)
  const bytes = await pollDocument(url, { headers: { ...headers, accept: 'application/cmw+json' }, timeoutMs }, deps)
  const archive = decodeArchive(bytes)
  if (archive.proof === undefined)
    throw new CountersignError('ERR_NETWORK', 'the gateway gave an archive without its proof; ask again')
  // The signed part stays the one that came with the answer; its other disclosures, its place in the log and the quote come now.
  const full =
    archive.receipt !== undefined && issuerJws(archive.receipt) === issuerJws(token) ? archive.receipt : token
  const evidence: AnswerEvidence = { ...archive, receipt: full }
  const verdict = demand(await verifyAnswer(evidence, held, trust, { at: deps.clock.now(), noncedAt }))
  const answer: Verified<VerifiedAnswer> = verdict.value
  const { claims, disclosed } = answer.signed
  return {
    ...shared(verdict),
    token: full,
    claims,
    disclosed,
    // What was verified, whatever was asked for.
    grade: answer.grade,
    archive: bytes,
    upgrade: (again, options) => upgrade(token, context, again, options),
  }
}
