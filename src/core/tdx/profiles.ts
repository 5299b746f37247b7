/** A published policy for TDX, complete as it is. Measurements are pinned elsewhere. @module */
import type { TdxPolicy } from './policy.ts'

/**
 * Platforms that Intel calls up to date, trust domains without profiling, migration or a service trust domain beside them, revocation
 * lists at hand. Whoever uses it sets `minimumEvaluationDataNumber` to the newest number that Intel has published and raises it: until
 * then old collateral that has not expired counts.
 */
export const STRICT_TDX_POLICY: TdxPolicy = {
  quoteVersions: [4, 5],
  bodyTypes: [2, 3],
  tcb: 'required',
  tcbStatuses: ['UpToDate'],
  advisories: 'none',
  minimumEvaluationDataNumber: 'unchecked',
  revocation: 'required',
  platformInstanceIds: 'unchecked',
  deniedFmspcs: 'unchecked',
  minimumQeSvn: 'unchecked',
  minimumPceSvn: 'unchecked',
  minimumTeeTcbSvn: 'unchecked',
  mrSeams: 'unchecked',
  septVeDisable: 'required',
  allowedAttributes: 'none',
  tdAttributes: 'unchecked',
  xfams: 'unchecked',
  serviceTds: 'forbidden',
  mrConfigIds: 'unchecked',
  mrOwners: 'unchecked',
  mrOwnerConfigs: 'unchecked',
}

/** The strict policy with one's own pins, each of which replaces a field as a whole. */
export function tdxPolicyOf(pins: Partial<TdxPolicy> = {}): TdxPolicy {
  return { ...STRICT_TDX_POLICY, ...pins }
}
