/**
 * "./vitest": a matcher for tests of one's own: does this gateway, archive or answer verify by this lock?
 *
 * @example
 * import { attestation } from 'countersign/vitest'
 * import { expect, test } from 'vitest'
 *
 * expect.extend(attestation)
 * test('the gateway runs what we pinned', async () => {
 *   await expect('https://gw.example.com').toBeAttestedBy('countersign.lock.json', { policy: 'countersign.policy.json' })
 * })
 * @module
 */
import type {} from 'vitest'
import { readLock, readPolicy } from '../client-node/index.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import { FAILURE_CODES } from '../core/failure-codes.ts'
import type { Lock } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
import { failedCheck } from '../core/verdict.ts'
import { CountersignError } from '../errors.ts'
import { type Judged, judgeReceived, type Received } from './judge-received.ts'

export type { Received } from './judge-received.ts'

/** Judges of revocations and of the lock's approval are needed where the policy asks for them. */
export interface AttestedByOptions extends Pick<Trust, 'revocations' | 'approval'> {
  /** The policy, or the path of its file; the default: strict, made from the lock alone. */
  readonly policy?: Policy | string
  /** The time of judgement of an archive whose own time nothing proves. */
  readonly at?: Date
}

declare module 'vitest' {
  interface Matchers<T> {
    /**
     * The gateway (by its address), archive (by its octets) or answer of an attested fetch verifies by this lock.
     * @param lock or the path of its file
     */
    toBeAttestedBy(lock: Lock | string, options?: AttestedByOptions): Promise<T>
  }
}

/** What a matcher returns. */
export interface Outcome {
  readonly pass: boolean
  message(): string
}

/** Attackers write some details, and the output of a test ends up on terminals. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
}

function outcomeOf(judged: Judged): Outcome {
  if (judged.ok)
    return {
      pass: true,
      message: () => `expected it not to verify, and it does${judged.simulated ? ' (simulated)' : ''}`,
    }
  const { code, checks } = judged
  const failed = failedCheck(checks)
  const [meaning, remedy] = FAILURE_CODES[code]
  const told = `${printable(`check ${failed?.name ?? 'unknown'}: ${code}: ${failed?.detail ?? ''}`)}\n${meaning} ${remedy}`
  // Where nothing could be judged, nobody knows: neither `toBe…` nor `not.toBe…` is true.
  if (code === 'CHECK_NOT_PERFORMED') throw new CountersignError('ERR_NOT_VERIFIED', told)
  return { pass: false, message: () => `expected it to verify by the lock\n${told}` }
}

async function toBeAttestedBy(
  received: Received,
  lock: Lock | string,
  { policy, at, ...judges }: AttestedByOptions = {},
): Promise<Outcome> {
  const read = typeof lock === 'string' ? await readLock(lock) : lock
  const demanded = typeof policy === 'string' ? await readPolicy(policy) : policy
  return outcomeOf(await judgeReceived(received, { ...judges, lock: read, policy: demanded, at }))
}

/**
 * For `expect.extend`. `.not` holds for what was judged and did not verify; a gateway that cannot be reached, or evidence that lacks what
 * judging needs, fails the test either way.
 */
export const attestation: {
  readonly toBeAttestedBy: typeof toBeAttestedBy
} = { toBeAttestedBy }
