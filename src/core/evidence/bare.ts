/** Verifies bare evidence: a hardware quote with its endorsements, without session or statement. It proves no answer. @module */
import { matchMeasurements } from '../lock.ts'
import { formatMeasurements } from '../measurement/measurements.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { type AttestationEvidence, checkPolicy } from './attestation.ts'
import { readDocumentTime } from './document-time.ts'
import { checkRevocation } from './given-judges.ts'
import { type EndorsedQuote, type HardwareAttestation, measurementsOf, type Trust, verifyHardware } from './hardware.ts'
import { statementReportData } from './statement.ts'
import { checkGivenTime } from './time-anchor.ts'

const HARDWARE_CHECKS = {
  'policy-revision': 'formats.md, Policy and lock',
  'lock-approval': 'formats.md, Policy and lock',
  'lock-row': 'formats.md, Policy and lock',
  revocation: 'formats.md, Revocations',
} as const
const CHECKS = { ...HARDWARE_CHECKS, time: 'formats.md, Time' } as const

/** What bare evidence is compared with beyond policy and lock. */
export interface EvidenceExpectations {
  /** The octets that the quote must commit to: 64 of REPORTDATA, or all of a Nitro document's user data. */
  readonly reportData?: Uint8Array | 'unchecked'
}

/**
 * @param at the time to judge at; nobody proves it, so policy must spell `audit.time` as unchecked, or name the time of the Nitro document
 */
export function verifyEvidence(
  quote: EndorsedQuote,
  trust: Trust,
  at: Date,
  { reportData = 'unchecked' }: EvidenceExpectations = {},
): Promise<Verdict<HardwareAttestation>> {
  return judge(CHECKS, async (check) => {
    checkPolicy(check, trust)
    const judged = checkGivenTime(check, at, { audit: trust.policy.audit, documentTime: readDocumentTime(quote) })
    const hardware = check.include(
      '',
      await verifyHardware(quote, trust, { at: judged.at, reportData, besideReportData: 'unchecked' }),
    )
    checkRow(check, hardware, trust, judged.at)
    checkRevocation(check, trust, { hardware })
    return hardware
  })
}

/**
 * Judges the quote under a statement at a time of the verifier's own, with the endorsements at hand: what holds today of evidence from
 * another day. Life and nonce of the statement are not judged: it has long ended.
 */
export function verifyHardwareAt(
  { quote, statement }: AttestationEvidence,
  trust: Trust,
  at: Date,
): Promise<Verdict<HardwareAttestation>> {
  return judge(HARDWARE_CHECKS, async (check) => {
    checkPolicy(check, trust)
    const reportData = statementReportData(statement)
    const hardware = check.include(
      '',
      await verifyHardware(quote, trust, { at, reportData, besideReportData: 'absent' }),
    )
    checkRow(check, hardware, trust, at)
    checkRevocation(check, trust, { hardware })
    return hardware
  })
}

function checkRow(check: Checker<'lock-row'>, hardware: HardwareAttestation, { policy, lock }: Trust, at: Date): void {
  if (policy.measurements === 'unchecked') {
    check.unchecked('lock-row')
    return
  }
  if (lock === undefined) {
    check.missing('lock-row', 'policy locks measurements and no lock file was given')
    return
  }
  const seen = measurementsOf(hardware)
  const match = matchMeasurements(lock, { seen, at })
  if (!match.ok) check.fail('lock-row', match.code, match.detail)
  check.pass(
    'lock-row',
    `${formatMeasurements(seen)}: in a row in force; its configuration and models are not in bare evidence`,
  )
}
