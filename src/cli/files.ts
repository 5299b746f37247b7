/** Files that commands are given: evidence, policy, lock. Every error names the file and what to do. @module */
import { existsSync } from 'node:fs'
import { readLock, readPolicy } from '../client-node/trust-files.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { RevocationJudge } from '../core/evidence/given-judges.ts'
import type { Policy } from '../core/policy.ts'
import { type ApprovalValues, readApproval } from './approval.ts'
import { type Io, UsageError } from './command.ts'
import { readInput } from './read-input.ts'
import { judgeOfList, type NamedOctets, type RevocationValues, readAtLeast } from './revocations/given.ts'

export { readInput } from './read-input.ts'

const POLICY_FILE = 'countersign.policy.json'
export const LOCK_FILE = 'countersign.lock.json'

/** The policy as given, else that of the working folder. */
export async function readPolicyFile(given: string | undefined): Promise<Policy> {
  const file = given ?? (existsSync(POLICY_FILE) ? POLICY_FILE : undefined)
  if (file === undefined)
    throw new UsageError(
      `no policy: ${POLICY_FILE} is not in this folder`,
      'Give one with --policy FILE. docs/examples/gateway.policy.json is a strict one to start from; those of `countersign demo` and `serve --simulated` take a simulated TEE.',
    )
  return readPolicy(file)
}

/** A list of revocations as it was published; undefined where none is given. */
export async function readGivenList({ revocations }: RevocationValues): Promise<NamedOctets | undefined> {
  return revocations === undefined ? undefined : { file: revocations, octets: await readInput(revocations) }
}

/** The judge of revocations that policy asks for, by the list that is given. */
export async function readRevocations(
  policy: Policy,
  given: RevocationValues,
  { now }: Pick<Io, 'now'>,
): Promise<RevocationJudge | undefined> {
  return judgeOfList(await readGivenList(given), { policy, atLeast: readAtLeast(given), now })
}

export interface TrustValues extends RevocationValues, ApprovalValues {
  readonly policy?: string | undefined
  readonly lock?: string | undefined
}

/** Policy and lock, as given, else those of the working folder; the list of revocations and the approval as given. */
export async function readTrust(
  given: TrustValues & {
    /** The newest revision of the lock that the caller ever held. */
    readonly lockAtLeast?: number | undefined
  },
  io: Pick<Io, 'now'>,
): Promise<Trust> {
  const policy = await readPolicyFile(given.policy)
  const lockFile = given.lock ?? (existsSync(LOCK_FILE) ? LOCK_FILE : undefined)
  return {
    policy,
    lock: lockFile === undefined ? undefined : await readLock(lockFile, { atLeast: given.lockAtLeast ?? 0 }),
    revocations: await readRevocations(policy, given, io),
    approval: lockFile === undefined ? undefined : await readApproval({ policy, lock: lockFile }, given),
  }
}

/** As {@link readTrust}, or undefined where none of its files is given and no policy is in the working folder. */
export async function readTrustIfAny(given: TrustValues, io: Pick<Io, 'now'>): Promise<Trust | undefined> {
  const { policy, lock, approval, revocations } = given
  const named = [policy, lock, approval, revocations, given['revocations-at-least'], given['trusted-root']]
  const asked = named.some((value) => value !== undefined) || existsSync(POLICY_FILE)
  return asked ? readTrust(given, io) : undefined
}
