/** Who approved the lock that a command is given, as the judge that policy asks for. docs/ci.md, Who may approve a lock. @module */
import { existsSync } from 'node:fs'
import type { ApprovalJudge } from '../core/evidence/given-judges.ts'
import type { SignerIdentity } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
import { openApproval } from '../provenance/index.ts'
import { UsageError } from './command.ts'
import { readInput } from './read-input.ts'

/** Of every command that judges by policy and lock. */
export const APPROVAL_OPTIONS = {
  approval: { type: 'string' },
  'trusted-root': { type: 'string' },
} as const

export interface ApprovalValues {
  readonly approval?: string | undefined
  readonly 'trusted-root'?: string | undefined
}

export interface ApprovalQuestion {
  readonly policy: Policy
  /** The lock's file; its octets are what was approved. */
  readonly lock: string
  /** Who builds, as far as others than the lock say it. */
  readonly builders?: readonly SignerIdentity[]
}

/** Beside the lock, named as Sigstore's tools name a bundle. */
export function approvalFileOf(lock: string): string {
  return `${lock}.sigstore.json`
}

/**
 * What is missing is said by the check, so that a verdict shows it; undefined where policy does not ask.
 * @throws UsageError where policy names nobody who may approve
 */
export async function readApproval(
  { policy, lock, builders = [] }: ApprovalQuestion,
  { approval, 'trusted-root': root }: ApprovalValues,
): Promise<ApprovalJudge | undefined> {
  if (policy.lockApproval === 'unchecked') {
    if (approval === undefined) return undefined
    throw new UsageError('policy names nobody who may approve', 'Name them in `lockApproval`, or leave --approval out.')
  }
  const file = approval ?? approvalFileOf(lock)
  if (approval === undefined && !existsSync(file))
    return (check) => check.missing('lock-approval', `there is no ${file}: give the approval with --approval FILE`)
  if (root === undefined)
    return (check) => check.missing('lock-approval', 'whose signatures count: give --trusted-root FILE')
  const claim = { bundle: await readInput(file), lock: await readInput(lock) }
  const trust = { trustedRoot: await readInput(root), signers: policy.lockApproval.approvers }
  return await openApproval(claim, trust, { builders })
}
