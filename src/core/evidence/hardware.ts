/** One quote of any platform: dispatch to its verifier, and what all platforms have in common. @module */
import { encodeHex } from '../encoding/bytes.ts'
import { type MeasuredEvents, verifyEventRecord } from '../event-log/index.ts'
import type { LockRow } from '../lock.ts'
import type { Measurements } from '../measurement/measurements.ts'
import { createNitroRoots, type NitroAttestation, nitroMeasurements, verifyNitroDocument } from '../nitro/index.ts'
import type { Policy } from '../policy.ts'
import { createSnpRoots, type SnpAttestation, type SnpEndorsements, verifySnpReport } from '../snp/index.ts'
import {
  createTdxRoots,
  type TdxAttestation,
  type TdxCollateral,
  tdxMeasurements,
  verifyTdxQuote,
} from '../tdx/index.ts'
import { type Checker, judge, type Verdict, type Verified } from '../verdict.ts'
import type { RootSelection } from '../x509/index.ts'
import type { Trust } from './given-judges.ts'
import type { HardwareAttestation } from './hardware-attestation.ts'
import type { NitroQuote, SnpQuote, TdxQuote } from './quoter.ts'

/** A quote with what vouches for it; absent endorsements make a verdict incomplete, never ok. Nitro documents carry their own. */
export type EndorsedQuote =
  | (SnpQuote & { readonly endorsements: SnpEndorsements | undefined })
  | (TdxQuote & { readonly endorsements: TdxCollateral | undefined })
  | NitroQuote

/** What this one judgement is about. */
export interface HardwareExpectations {
  readonly at: Date
  /** All 64 octets that the quote must commit to. Unchecked, a quote proves nothing about freshness. */
  readonly reportData: Uint8Array | 'unchecked'
  /** Nonce and public key of a Nitro document: a statement's has neither; a foreign enclave's may have any. */
  readonly besideReportData: 'absent' | 'unchecked'
}

export type { Trust } from './given-judges.ts'
export type { HardwareAttestation } from './hardware-attestation.ts'

const CHECKS = {
  platform: 'formats.md, Policy and lock',
  endorsements: 'formats.md, Archive',
  'event-log': 'formats.md, Event log',
} as const
type HardwareCheck = keyof typeof CHECKS

/** Judges a quote by the section of the policy that is about its platform. */
export function verifyHardware(
  quote: EndorsedQuote,
  trust: Trust,
  expectations: HardwareExpectations,
): Promise<Verdict<HardwareAttestation>> {
  return judge(CHECKS, async (check) => {
    const { policy } = trust
    check.that('platform', policy.platforms.includes(quote.tee), 'PLATFORM_NOT_ALLOWED', {
      seen: quote.tee,
      wanted: policy.platforms.join(' or '),
    })
    switch (quote.tee) {
      case 'snp':
        withoutEventLog(check)
        return { tee: 'snp', attested: await judgeSnp(check, quote, trust, expectations) }
      case 'tdx': {
        const attested = await judgeTdx(check, quote, trust, expectations)
        return { tee: 'tdx', attested, events: await judgeEventLog(check, quote, attested, trust.policy) }
      }
      case 'nitro':
        withoutEventLog(check)
        return { tee: 'nitro', attested: await judgeNitro(check, quote, trust, expectations) }
      default:
        return quote satisfies never
    }
  })
}

async function judgeSnp(
  check: Checker<HardwareCheck>,
  { report, endorsements }: SnpQuote & { readonly endorsements: SnpEndorsements | undefined },
  trust: Trust,
  { at, reportData }: HardwareExpectations,
): Promise<SnpAttestation> {
  if (endorsements === undefined)
    return check.incomplete(
      'endorsements',
      'the certificates of the chip are missing: give them, or let them be fetched',
    )
  check.pass('endorsements', Object.keys(endorsements).join(', '))
  const verdict = await verifySnpReport({ report }, endorsements, demanded(check, trust.policy.snp), {
    at,
    reportData,
    measurements: pinned(trust, (row) => (row.platform === 'snp' ? [row.measurements.measurement] : [])),
    roots: createSnpRoots(rootsOf(trust)),
  })
  return check.include('snp', verdict)
}

async function judgeTdx(
  check: Checker<HardwareCheck>,
  { quote, endorsements }: TdxQuote & { readonly endorsements: TdxCollateral | undefined },
  trust: Trust,
  { at, reportData }: HardwareExpectations,
): Promise<TdxAttestation> {
  if (endorsements === undefined)
    check.unchecked('endorsements', 'no collateral: the TCB check says whether it is needed')
  else check.pass('endorsements', 'TCB info, QE identity, revocation lists')
  const verdict = await verifyTdxQuote({ quote }, endorsements, demanded(check, trust.policy.tdx), {
    at,
    reportData,
    measurements: pinned(trust, (row) => (row.platform === 'tdx' ? [row.measurements] : [])),
    roots: createTdxRoots(rootsOf(trust)),
  })
  return check.include('tdx', verdict)
}

async function judgeEventLog(
  check: Checker<HardwareCheck>,
  { eventLog }: TdxQuote,
  { quote }: TdxAttestation,
  { eventLog: policy }: Policy,
): Promise<Verified<MeasuredEvents> | 'unchecked'> {
  if (policy === undefined)
    check.fail('event-log', 'POLICY_INCOMPLETE', 'the policy lists tdx and says nothing of eventLog')
  if (policy === 'unchecked') {
    check.unchecked('event-log')
    return policy
  }
  if (eventLog === undefined)
    return check.incomplete('event-log', 'policy asks for the event log, and none came with the quote')
  check.pass('event-log', `${eventLog.length} octets`)
  return check.include('event-log', await verifyEventRecord(eventLog, { registers: quote.body, policy }))
}

async function judgeNitro(
  check: Checker<HardwareCheck>,
  { document }: NitroQuote,
  trust: Trust,
  { at, reportData, besideReportData }: HardwareExpectations,
): Promise<NitroAttestation> {
  check.pass('endorsements', 'in the document')
  const verdict = await verifyNitroDocument({ document }, demanded(check, trust.policy.nitro), {
    at,
    userData: reportData,
    // What a statement's quote says, it says in user_data: a nonce or key beside it would be another's message.
    nonce: besideReportData,
    publicKey: besideReportData,
    measurements: pinned(trust, (row) => (row.platform === 'nitro' ? [row.measurements] : [])),
    roots: createNitroRoots(rootsOf(trust)),
  })
  return check.include('nitro', verdict)
}

function withoutEventLog(check: Checker<HardwareCheck>): void {
  check.unchecked('event-log', 'this platform has no registers that a log leads to')
}

/** A policy made by hand may list a platform and lack its section: that is no permission. */
function demanded<T>(check: Checker<HardwareCheck>, section: T | undefined): T {
  if (section === undefined)
    check.fail('platform', 'POLICY_INCOMPLETE', 'the policy lists the platform and says nothing of it')
  return section
}

/** Every pinned row, those out of force too: that they are is for the lock-row check to say. */
function pinned<T>({ policy, lock }: Trust, pick: (row: LockRow) => readonly T[]): readonly T[] | 'unchecked' {
  return policy.measurements === 'unchecked' || lock === undefined ? 'unchecked' : lock.rows.flatMap(pick)
}

function rootsOf({ policy }: Trust): RootSelection {
  return { roots: policy.roots, simulated: policy.dangerouslyTrustSimulatedRoots }
}

/** What the hardware measured of the code. */
export function measurementsOf(hardware: HardwareAttestation): Measurements {
  switch (hardware.tee) {
    case 'snp':
      return { platform: 'snp', measurements: { measurement: encodeHex(hardware.attested.report.measurement) } }
    case 'tdx':
      return { platform: 'tdx', measurements: tdxMeasurements(hardware.attested.quote) }
    case 'nitro':
      return { platform: 'nitro', measurements: nitroMeasurements(hardware.attested.document) }
    default:
      return hardware satisfies never
  }
}
