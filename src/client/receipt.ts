/** A verified receipt in the hands of an application, and how it reaches a higher grade. @module */
import type { Grade } from '../core/policy.ts'
import type { ReceiptClaims } from '../core/receipt/claims.ts'
import type { Disclosed } from '../core/receipt/disclosed.ts'
import type { SignedReceipt } from '../core/receipt/verify.ts'
import type { Check, Verdict } from '../core/verdict.ts'
import { type LaterGrade, type ReceiptContext, reachGrade } from './reach-grade.ts'

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
  /** Waits until the receipt stands in a checkpoint that the hardware quoted, or until witnesses saw that quote, and verifies that. */
  upgrade(grade: LaterGrade, options?: { readonly timeoutMs?: number }): Promise<AttestedReceipt>
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

/**
 * @param grade to reach: the archive is asked for again until it verifies there
 * @throws NotVerifiedError when what the gateway gives does not verify, or does not reach the grade in time
 */
async function upgrade(
  token: string,
  context: ReceiptContext,
  grade: LaterGrade,
  { timeoutMs = UPGRADE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<AttestedReceipt> {
  const reached = await reachGrade(token, context, { grade, timeoutMs })
  const { signed, grade: verified } = reached.verdict.value
  const { claims, disclosed } = signed
  return {
    ...shared(reached.verdict),
    token: reached.token,
    claims,
    disclosed,
    // What was verified, whatever was asked for.
    grade: verified,
    archive: reached.archive,
    upgrade: (again, options) => upgrade(token, context, again, options),
  }
}
