/** The quotes of one log, judged under a policy at the time that is proven for each, or at the statement's own. @module */
import { type Trust, verifyAttestation } from '../core/evidence/attestation.ts'
import { failedCheck } from '../core/verdict.ts'
import type { LogCheck } from './checks.ts'
import type { EvidenceWalk, QuotedPlace } from './evidence.ts'
import type { Findings } from './findings.ts'
import type { WitnessedPlace } from './witnessed.ts'

/** Seconds by which a host's clock may be ahead of a witness's: formats.md, Time. */
const CLOCK_SKEW = 300

export interface HardwareResult {
  /** Quotes whose time a quorum of witnesses proves. */
  readonly dated: number
  readonly simulated: boolean
  readonly assumptions: readonly string[]
}

/** The first proven time after the quote's leaf. */
function timeOf(
  place: QuotedPlace,
  leaf: number | undefined,
  witnessed: readonly WitnessedPlace[],
): number | undefined {
  if (leaf === undefined) return undefined
  const seen = witnessed.find(({ size, time }) => size > leaf && time !== undefined)
  // Cosigned only after the statement had ended: true, and no time within its life.
  return seen?.time !== undefined && seen.time < place.exp ? seen.time : undefined
}

/** Why the time of a quote is not the one that policy asks for. Those that no cosigned checkpoint holds yet may still get theirs. */
function lackOf(
  { size }: QuotedPlace,
  leaf: number | undefined,
  witnessed: readonly WitnessedPlace[],
): string | undefined {
  const isSeen = leaf !== undefined && witnessed.some((place) => place.size > leaf && place.time !== undefined)
  return isSeen ? `size ${size}: policy asks for a witnessed time, and its statement had ended by then` : undefined
}

/** The audit says itself which times are proven, and misses those that policy asks for. */
export function atGivenTime({ policy, ...others }: Trust): Trust {
  const { time, witnesses } = policy.audit
  return {
    policy: { ...policy, audit: { time: time === 'nitro-document' ? time : 'unchecked', witnesses } },
    ...others,
  }
}

export async function judgeHardware(
  evidence: EvidenceWalk,
  { trust, witnessed }: { readonly trust: Trust; readonly witnessed: readonly WitnessedPlace[] },
  findings: Findings<LogCheck>,
): Promise<HardwareResult> {
  const assumptions = new Set<string>()
  const given = atGivenTime(trust)
  const asksForTime = trust.policy.audit.time === 'witnessed'
  let dated = 0
  let simulated = false
  for (const place of evidence.places) {
    const { size, iat } = place
    const leaf = evidence.leafOf(place)
    const time = timeOf(place, leaf, witnessed)
    const lack = asksForTime && time === undefined ? lackOf(place, leaf, witnessed) : undefined
    if (lack !== undefined) findings.missing('hardware', lack)
    if (time !== undefined && time < iat - CLOCK_SKEW) {
      const detail = `the statement of size ${size} is dated after witnesses saw its quote`
      findings.fail('statement-order', 'LOG_TIME', { detail, index: size })
      continue
    }
    const archive = await findings.attempt('hardware', () => evidence.reread(place), { index: size })
    if (archive === undefined) continue
    const verdict = await verifyAttestation(archive, given, { source: 'as-given', at: new Date((time ?? iat) * 1000) })
    if (verdict.simulated) simulated = true
    for (const sentence of verdict.assumptions) assumptions.add(sentence)
    if (verdict.ok) {
      if (time !== undefined) dated++
      continue
    }
    const failed = failedCheck(verdict.checks)
    const detail = `size ${size}: ${failed?.name ?? 'unknown check'}: ${failed?.detail ?? ''}`
    if (verdict.code === 'CHECK_NOT_PERFORMED') findings.missing('hardware', detail)
    else findings.fail('hardware', verdict.code, { detail, index: size })
  }
  const total = evidence.places.length
  if (total === 0) findings.missing('hardware', 'there is no record of evidence')
  else if (asksForTime && dated === 0)
    findings.missing('hardware', 'policy asks for a witnessed time, and none is proven')
  else findings.pass('hardware', `${total} quotes: ${dated} at witnessed times, ${total - dated} at their own`)
  return { dated, simulated, assumptions: [...assumptions] }
}
