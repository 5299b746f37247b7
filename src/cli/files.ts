/** Files that commands are given: evidence, policy, lock. Every error names the file and what to do. @module */
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { readLock, readPolicy } from '../client-node/index.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { Policy } from '../core/policy.ts'
import { UsageError } from './command.ts'

const MAX_FILE = 64 * 1024 * 1024
const POLICY_FILE = 'countersign.policy.json'
export const LOCK_FILE = 'countersign.lock.json'

/** The octets of a file. @throws UsageError when it cannot be read or is too large */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE)
      throw new UsageError(`${file} is larger than 64 MiB`, 'Give the file itself, not a container of it.')
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  }
}

/** The policy as given, else that of the working folder. */
export async function readPolicyFile(given: string | undefined): Promise<Policy> {
  const file = given ?? (existsSync(POLICY_FILE) ? POLICY_FILE : undefined)
  if (file === undefined)
    throw new UsageError(
      `no policy: ${POLICY_FILE} is not in this folder`,
      'Give one with --policy FILE; `countersign demo --out DIR` writes one to start from.',
    )
  return readPolicy(file)
}

/** Policy and lock: as given, else those of the working folder. */
export async function readTrust(given: {
  readonly policy?: string | undefined
  readonly lock?: string | undefined
  /** The newest revision of the lock that the caller ever held. */
  readonly lockAtLeast?: number | undefined
}): Promise<Trust> {
  const policy = await readPolicyFile(given.policy)
  const lockFile = given.lock ?? (existsSync(LOCK_FILE) ? LOCK_FILE : undefined)
  return {
    policy,
    lock: lockFile === undefined ? undefined : await readLock(lockFile, { atLeast: given.lockAtLeast ?? 0 }),
  }
}

/** As {@link readTrust}, or undefined where neither policy nor lock is given and no policy is in the working folder. */
export async function readTrustIfAny(given: {
  readonly policy?: string | undefined
  readonly lock?: string | undefined
}): Promise<Trust | undefined> {
  const asked = given.policy !== undefined || given.lock !== undefined || existsSync(POLICY_FILE)
  return asked ? readTrust(given) : undefined
}
