/** A checkpoint that its log signed and a quorum of witnesses cosigned, judged. @module */
import { MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { type Cosignature, verifyCosignatures } from './cosignature.ts'
import { decodeNote, decodeVkey } from './note.ts'
import { CHECKPOINT_CHECKS, type CheckpointCheck, judgeCheckpoint, type LogIdentity } from './verify.ts'
import { policyNames, quorumTime, type WitnessPolicy } from './witness-policy.ts'

const WITNESSED_CHECKS = [...CHECKPOINT_CHECKS, 'witness-quorum'] as const

export interface WitnessedCheckpoint extends SignedCheckpoint {
  /** By then a quorum had seen it: the earliest time of which the policy admits that. */
  readonly time: Date
  /** Names in the policy of all witnesses that cosigned, also those beyond the quorum. */
  readonly witnesses: readonly string[]
}

/**
 * Judges a signed checkpoint with its cosignatures. All of it is the host's but the identity of the log and the policy.
 *
 * @example
 * const verdict = await verifyWitnessedCheckpoint({ checkpoint, vkey, origin }, decodeWitnessPolicy(policyText))
 * if (verdict.ok) console.log(verdict.value.size, 'seen by', verdict.value.time)
 */
export function verifyWitnessedCheckpoint(
  { checkpoint, ...log }: LogIdentity & { readonly checkpoint: string },
  policy: WitnessPolicy,
): Promise<Verdict<WitnessedCheckpoint>> {
  return judge(WITNESSED_CHECKS, async (check) => {
    const signed = await judgeCheckpoint(check, checkpoint, log)
    if (policy.logs.length > 0) {
      const isListed = policy.logs.some(({ key }) => sameBytes(key.publicKey, decodeVkey(log.vkey).publicKey))
      check.that('log-origin', isListed, 'LOG_ORIGIN', { fail: 'the witness policy does not list this log' })
    }
    return { ...signed, ...(await judgeQuorum(check, checkpoint, policy)) }
  })
}

async function judgeQuorum(
  check: Checker<CheckpointCheck | 'witness-quorum'>,
  checkpoint: string,
  policy: WitnessPolicy,
): Promise<Pick<WitnessedCheckpoint, 'time' | 'witnesses'>> {
  const keys = policy.witnesses.map(({ key }) => key)
  const cosignatures = await verifyCosignatures(decodeNote(checkpoint), keys).catch((error: unknown) => {
    if (error instanceof MalformedError) check.fail('witness-quorum', error.failure, error.message)
    throw error
  })
  const witnesses = policyNames(policy, cosignatures)
  const seconds = quorumTime(policy, cosignatures)
  if (seconds === undefined) return check.fail('witness-quorum', 'WITNESS_QUORUM', lacking(policy, cosignatures))
  check.pass('witness-quorum', `${witnesses.join(', ')}; quorum ${policy.quorum}`)
  return { time: new Date(seconds * 1000), witnesses }
}

function lacking(policy: WitnessPolicy, cosignatures: readonly Cosignature[]): string {
  if (policy.quorum === 'none') return 'the policy asks for no witness'
  const names = policyNames(policy, cosignatures).join(', ')
  return `cosigned by ${names === '' ? 'no known witness' : names}, which is not the quorum ${policy.quorum}`
}
