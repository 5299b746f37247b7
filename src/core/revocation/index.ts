/** "./revocations": lists of what may no longer be trusted, though its evidence is genuine. Given to a verifier, never built in. @module */
import { provenChips } from '../evidence/chip.ts'
import type { Revocable, RevocationJudge } from '../evidence/given-judges.ts'
import { measurementsOf } from '../evidence/hardware.ts'
import { sameMeasurements } from '../measurement/measurements.ts'
import type { RevocationPolicy } from '../policy.ts'
import type { RevocationList } from './list.ts'
import { openToken, type SignedRevocations } from './token.ts'

export type { RevocationJudge } from '../evidence/given-judges.ts'
export { decodeRevocationList, encodeRevocationList, type RevocationList } from './list.ts'
export { type RevocationSigner, signRevocations } from './token.ts'

export interface RevocationContext {
  /** The verifier's own clock: a list is judged by what it says now, of old answers too. */
  now(): Date
  /** The highest `number` that the caller ever saw; 0 where it remembers none. */
  readonly atLeast: number
}

export interface Revocations {
  /** To remember for the next time; undefined where no key that was named signed the list. */
  readonly number: number | undefined
  /** Goes into `trust.revocations`, or the option of that name. */
  readonly judge: RevocationJudge
}

/** As much may the clocks of publisher and verifier differ. */
const CLOCK_SKEW_MS = 300_000

interface Revoked {
  readonly what: string
  readonly reason: string
}

function revokedBy(list: RevocationList, { session, hardware, model, measurements }: Revocable): Revoked | undefined {
  const boot = list.boots.find((entry) => entry.session === session)
  if (boot !== undefined) return { what: 'session', reason: boot.reason }
  const weights = list.models.find(({ digest }) => digest === model)
  if (weights !== undefined) return { what: 'model', reason: weights.reason }
  const seen = hardware === undefined ? measurements : measurementsOf(hardware)
  const code = seen && list.measurements.find((entry) => sameMeasurements(entry, seen))
  if (code !== undefined) return { what: 'measurement', reason: code.reason }
  if (hardware === undefined) return undefined
  const ids = provenChips(hardware)
  const chip = list.chips.find(({ platform, id }) => platform === hardware.tee && ids.includes(id))
  return chip && { what: 'machine', reason: chip.reason }
}

/** Whether the list names machines of this platform while the evidence proves none: then nobody can say whether this is one of them. */
function isUntold({ chips }: RevocationList, { hardware }: Revocable): boolean {
  if (hardware === undefined || chips.every(({ platform }) => platform !== hardware.tee)) return false
  return provenChips(hardware).length === 0
}

/** Of weights that a lock lets be any, no list can say which they are: whoever reads the verdict has to know. */
function unnamed({ models }: RevocationList, { model }: Revocable): string {
  return model === 'none' && models.length > 0 ? '; it names weights, and nobody measured these' : ''
}

/** Why a list counts for nothing; undefined where it counts. */
function faultOf(
  { list, signedBy }: SignedRevocations,
  { keys, maximumAgeSeconds }: RevocationPolicy,
  { now, atLeast }: RevocationContext,
):
  | { readonly code: 'REVOCATIONS_SIGNATURE' | 'REVOCATIONS_ROLLBACK' | 'REVOCATIONS_EXPIRED'; readonly detail: string }
  | undefined {
  if (!keys.includes(signedBy))
    return { code: 'REVOCATIONS_SIGNATURE', detail: 'no key that policy names signed the list' }
  // Written so that a memory, or a clock, that says nothing fails too.
  if (!(list.number >= atLeast))
    return { code: 'REVOCATIONS_ROLLBACK', detail: `list ${list.number}, and ${atLeast} was seen before` }
  const at = now().getTime()
  // The age of a list begins when it says: one from tomorrow would count for longer than policy lets any.
  if (!(list.issuedAt.getTime() <= at + CLOCK_SKEW_MS))
    return { code: 'REVOCATIONS_EXPIRED', detail: `list ${list.number} begins at ${list.issuedAt.toISOString()}` }
  const end = new Date(Math.min(list.expiresAt.getTime(), list.issuedAt.getTime() + maximumAgeSeconds * 1000))
  if (at < end.getTime()) return undefined
  return { code: 'REVOCATIONS_EXPIRED', detail: `list ${list.number} counts until ${end.toISOString()}` }
}

/**
 * Opens a list as it was fetched. What is wrong with its signature, age or number fails the check `revocation` of each verdict.
 *
 * @param text compact JWS
 * @param keys that may have signed it: those of the policy
 * @throws MalformedError for what is no list
 * @example
 * const { judge, number } = await openRevocations(text, keys, { now: () => new Date(), atLeast: remembered })
 * const attested = createAttestedFetch({ policy, lock, revocations: judge })
 */
export async function openRevocations(
  text: string,
  keys: readonly string[],
  context: RevocationContext,
): Promise<Revocations> {
  const signed = await openToken(text, keys)
  const { list, signedBy } = signed
  const judge: RevocationJudge = (check, demand, subject) => {
    const fault = faultOf(signed, demand, context)
    if (fault !== undefined) check.fail('revocation', fault.code, fault.detail)
    const revoked = revokedBy(list, subject)
    if (revoked !== undefined) check.fail('revocation', 'REVOKED', `${revoked.what}: ${revoked.reason}`)
    else if (isUntold(list, subject))
      check.missing('revocation', `list ${list.number} names machines, and this evidence proves none`)
    else
      check.pass('revocation', `not on list ${list.number} of ${list.issuedAt.toISOString()}${unnamed(list, subject)}`)
  }
  return { number: signedBy === 'none' ? undefined : list.number, judge }
}
