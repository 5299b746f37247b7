/**
 * Whether somebody who may approve a lock approved exactly this one: a bundle with a SLSA verification summary over the octets of the lock
 * file. @module
 */
import { isJsonObject, type JsonValue } from '../core/encoding/json.ts'
import type { ApprovalJudge } from '../core/evidence/given-judges.ts'
import { approvalFault, createApprovalJudge } from '../core/lock/approval.ts'
import { decodeLock, type Lock, type SignerIdentity } from '../core/lock.ts'
import { failedCheck, judge, type Verdict } from '../core/verdict.ts'
import { judgeSigned, SIGNED_CHECKS, type SignerTrust } from './signed.ts'

const CHECKS = {
  ...SIGNED_CHECKS,
  predicate: 'SLSA Verification Summary Attestation v1',
  result: 'SLSA Verification Summary Attestation v1, verificationResult',
} as const

const SUMMARY = 'https://slsa.dev/verification_summary/v1'
const PASSED = 'PASSED'

export interface ApprovalClaim {
  /** The octets of the Sigstore bundle. */
  readonly bundle: Uint8Array
  /** The octets of the lock file, as it lies there: a blank more is another file. */
  readonly lock: Uint8Array
}

export interface Approval {
  readonly approver: SignerIdentity
  /** `sha256:` of the lock file. */
  readonly subject: string
}

function resultOf(predicate: JsonValue): string {
  if (!isJsonObject(predicate) || !Object.hasOwn(predicate, 'verificationResult')) return 'none'
  const { verificationResult } = predicate
  return typeof verificationResult === 'string' ? verificationResult : 'none'
}

/** @throws CountersignError ERR_CONFIG when the trusted root cannot be read */
export async function verifyApproval({ bundle, lock }: ApprovalClaim, trust: SignerTrust): Promise<Verdict<Approval>> {
  return await judge(CHECKS, async (check) => {
    const { statement, signer, subject } = judgeSigned(check, { bundle, artefact: lock }, trust)
    // A builder signs provenance over a lock without having read it: only a summary of a review is an approval.
    check.that('predicate', statement.predicateType === SUMMARY, 'PROVENANCE_FORMAT', {
      seen: statement.predicateType,
      wanted: SUMMARY,
    })
    const result = resultOf(statement.predicate)
    check.that('result', result === PASSED, 'PROVENANCE_FORMAT', { seen: result, wanted: PASSED })
    return { approver: signer, subject }
  })
}

/** Who builds, as far as others than the lock say it: whoever is among them cannot approve. */
export interface ApprovalContext {
  readonly builders?: readonly SignerIdentity[]
}

/**
 * For `trust.approval`. What is wrong with the bundle fails the check `lock-approval` of each verdict, with the bundle's own code.
 * @throws CountersignError ERR_CONFIG when the trusted root cannot be read; MalformedError when the lock does not decode
 */
export async function openApproval(
  claim: ApprovalClaim,
  trust: SignerTrust,
  { builders = [] }: ApprovalContext = {},
): Promise<ApprovalJudge> {
  const verdict = await verifyApproval(claim, trust)
  if (!verdict.ok) {
    const { code, checks } = verdict
    const failed = failedCheck(checks)
    return (check) => check.fail('lock-approval', code, `${failed?.name ?? 'bundle'}: ${failed?.detail ?? ''}`)
  }
  const lock = decodeLock(claim.lock)
  const { approver } = verdict.value
  const built = builtBy(lock, builders)
  const judgeLock = createApprovalJudge(lock, approver)
  return (check, demand, used) => {
    if (approvalFault(built, approver, demand) === 'PIN_SELF_APPROVED')
      check.fail('lock-approval', 'PIN_SELF_APPROVED', approver.identity)
    else judgeLock(check, demand, used)
  }
}

/** The rows as though each named these builders: a lock may say nothing of who built it while this run knows. */
function builtBy({ rows }: Lock, builders: readonly SignerIdentity[]): Pick<Lock, 'rows'> {
  return {
    rows: builders.flatMap((builder) =>
      rows.map((row) => ({ ...row, provenance: { ...builder, bundle: 'none', subject: 'none' } })),
    ),
  }
}
