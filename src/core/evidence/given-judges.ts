/**
 * Judges that are given, not built in: revocation lists and approvals of lock files weigh too much for who asks for neither. What policy asks
 * for and nobody was given to judge is not performed, never passed over. @module
 */
import type { Lock } from '../lock.ts'
import type { Measurements } from '../measurement/measurements.ts'
import type { ApprovalPolicy, Policy, RevocationPolicy } from '../policy.ts'
import type { Checker } from '../verdict.ts'
import type { HardwareAttestation } from './hardware-attestation.ts'

/** What of one judgement a list may revoke. */
export interface Revocable {
  /** `sha256:` of the session; bare evidence has none. */
  readonly session?: string
  readonly hardware?: HardwareAttestation
  /** Where no hardware attests: of what was rebuilt. */
  readonly measurements?: Measurements
  /** `sha256:…`, or `none`. */
  readonly model?: string
}

/** Of `countersign/revocations`: passes the check, fails it, or says what it cannot tell. */
export type RevocationJudge = (
  check: Pick<Checker<'revocation'>, 'pass' | 'fail' | 'missing'>,
  demand: RevocationPolicy,
  subject: Revocable,
) => void

/** Says who approved exactly this lock: passes the check or fails it. */
export type ApprovalJudge = (
  check: Pick<Checker<'lock-approval'>, 'pass' | 'fail' | 'missing'>,
  demand: ApprovalPolicy,
  lock: Lock,
) => void

/** What a policy and a lock file demand. The lock may be absent only where the policy locks nothing. */
export interface Trust {
  readonly policy: Policy
  readonly lock: Lock | undefined
  /** Needed where policy asks for them: of `countersign/revocations`. */
  readonly revocations?: RevocationJudge | undefined
  /** Needed where policy asks who approved the lock. */
  readonly approval?: ApprovalJudge | undefined
}

/** What policy demands, by the judge that was given. */
export function checkGiven<Name extends string, Demand>(
  check: Checker<Name>,
  name: Name,
  demand: Demand | 'unchecked',
  judge: ((demand: Demand) => void) | undefined,
): void {
  if (demand === 'unchecked') check.unchecked(name)
  else if (judge) judge(demand)
  else check.missing(name, 'nothing to judge it by was given')
}

/** What the list at hand says of the subject, where policy asks. */
export function checkRevocation(
  check: Checker<'revocation'>,
  { policy, revocations }: Trust,
  subject: Revocable,
): void {
  checkGiven(check, 'revocation', policy.revocations, revocations && ((demand) => revocations(check, demand, subject)))
}
