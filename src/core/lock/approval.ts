/** Who approved a lock: somebody whom policy names, and nobody who built what it pins. Whether the signature verifies is judged elsewhere. @module */
import type { ApprovalJudge } from '../evidence/given-judges.ts'
import { encodeLock, type Lock, type SignerIdentity } from '../lock.ts'
import type { ApprovalPolicy } from '../policy.ts'

export type ApprovalFault = 'PROVENANCE_IDENTITY' | 'PIN_SELF_APPROVED'

/** The repository of a workflow: as GitHub and its like name it, and as GitLab does, whose path may be of any depth and ends in two slashes. */
const WORKFLOW = /^(https?:\/\/[^/]+\/(?:[^/]+\/[^/]+(?=\/+\.[a-z]+\/+workflows\/)|[^/]+(?:\/[^/]+)+(?=\/\/)))/

/** Whoever may write to a repository may write each of its workflows: they are one identity here. */
function authorOf({ identity }: SignerIdentity): string {
  // Other spellings of a name reach the same repository: in other letters, by http, with a slash at the end.
  const name = identity.toLowerCase().replace(/\/+$/, '')
  return (WORKFLOW.exec(name)?.[1] ?? name).replace(/^http:/, 'https:')
}

/** @param approver as verified; issuer and identity are compared whole with those of the policy */
export function approvalFault(
  { rows }: Pick<Lock, 'rows'>,
  approver: SignerIdentity,
  { approvers }: ApprovalPolicy,
): ApprovalFault | undefined {
  const isNamed = approvers.some(({ issuer, identity }) => issuer === approver.issuer && identity === approver.identity)
  if (!isNamed) return 'PROVENANCE_IDENTITY'
  // By whom the identity was issued does not count here: two issuers may vouch for one person.
  const built = rows.some(({ provenance }) => provenance !== 'none' && authorOf(provenance) === authorOf(approver))
  return built ? 'PIN_SELF_APPROVED' : undefined
}

/**
 * Judges a lock by who signed its octets.
 * @param approved the lock that was signed: no other passes
 */
export function createApprovalJudge(approved: Lock, approver: SignerIdentity): ApprovalJudge {
  const signed = encodeLock(approved)
  return (check, demand, lock) => {
    if (encodeLock(lock) !== signed) check.fail('lock-approval', 'PROVENANCE_DIGEST', 'another lock was approved')
    const fault = approvalFault(lock, approver, demand)
    if (fault === undefined) check.pass('lock-approval', approver.identity)
    else check.fail('lock-approval', fault, approver.identity)
  }
}
