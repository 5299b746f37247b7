/** Verifies bare evidence: a hardware quote with its endorsements, without session or statement. It proves no answer. @module */
import { encodeHex } from '../encoding/bytes.ts'
import { createSnpRoots, type SnpAttestation, type SnpEndorsements, verifySnpReport } from '../snp/index.ts'
import { judge, type Verdict } from '../verdict.ts'
import type { Trust } from './attestation.ts'

/** A report with the certificates that came with it; a certificate that is not there makes the verdict incomplete, never ok. */
export interface BareEvidence {
  readonly tee: 'snp'
  readonly report: Uint8Array
  readonly endorsements: Partial<SnpEndorsements>
}

const CHECKS = ['platform', 'time', 'endorsements', 'lock-row'] as const

function complete({ vcek, ask, ark }: Partial<SnpEndorsements>): SnpEndorsements | undefined {
  return vcek !== undefined && ask !== undefined && ark !== undefined ? { vcek, ask, ark } : undefined
}

/**
 * @param at the time to judge at; nobody proves it, so policy must spell `audit.time` as unchecked
 */
export function verifyEvidence(
  { tee, report, endorsements }: BareEvidence,
  { policy, lock }: Trust,
  at: Date,
): Promise<Verdict<SnpAttestation>> {
  return judge(CHECKS, async (check) => {
    check.that('platform', policy.platforms.includes(tee), 'PLATFORM_NOT_ALLOWED', {
      pass: tee,
      fail: `${tee} is not listed`,
    })
    if (policy.audit.time !== 'unchecked')
      check.fail(
        'time',
        'TIME_UNANCHORED',
        'bare evidence proves no time: spell audit.time as unchecked to judge it as of a given one',
      )
    check.unchecked('time', `as given, not proven: ${at.toISOString()}`)
    const given = complete(endorsements)
    if (given === undefined) {
      const absent = (['vcek', 'ask', 'ark'] as const).filter((name) => endorsements[name] === undefined)
      return check.incomplete('endorsements', `missing: ${absent.join(', ')}; give them with --endorsements`)
    }
    check.pass('endorsements', 'VCEK, ASK, ARK')
    const locked = policy.measurements === 'locked'
    const rows = lock?.rows.filter(({ status }) => status !== 'revoked') ?? []
    const attestation = check.include(
      'snp',
      await verifySnpReport({ report }, given, policy.snp, {
        at,
        reportData: 'unchecked',
        measurements: locked ? rows.map(({ measurements }) => measurements.measurement) : 'unchecked',
        roots: createSnpRoots({ roots: policy.roots, simulated: policy.dangerouslyTrustSimulatedRoots }),
      }),
    )
    if (locked)
      check.pass(
        'lock-row',
        `measurement ${encodeHex(attestation.report.measurement).slice(0, 16)}… is in a row in force; its configuration and models are not in bare evidence`,
      )
    else check.unchecked('lock-row')
    return attestation
  })
}
