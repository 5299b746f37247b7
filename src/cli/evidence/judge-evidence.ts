/** Judges bare evidence for `countersign verify`: gathers what vouches for it, and says what is missing and what would supply it. @module */
import type { CollateralFetcher, CollateralSource } from '../../collateral/index.ts'
import { verifyEvidence } from '../../core/evidence/bare.ts'
import type { EndorsedQuote, HardwareAttestation, Trust } from '../../core/evidence/hardware.ts'
import type { SnpEndorsements, SnpProduct } from '../../core/snp/index.ts'
import { decodeTdxQuote } from '../../core/tdx/index.ts'
import type { Verdict } from '../../core/verdict.ts'
import { MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'
import { endorseSnp, endorseTdx } from './endorse.ts'
import type { EndorsementPool } from './endorsement-files.ts'
import { fetchSnp, fetchTdx } from './fetch-endorsements.ts'

/** Evidence without what vouches for it. */
export interface BareEvidence {
  readonly tee: 'snp' | 'tdx' | 'nitro'
  readonly octets: Uint8Array
}

export interface EvidenceOptions {
  readonly trust: Trust
  readonly at: Date
  readonly pool: EndorsementPool
  readonly eventLog: Uint8Array | undefined
  readonly reportData: Uint8Array | 'unchecked'
  readonly fetcher: CollateralFetcher | undefined
  /** Named by the person: a report of version 2 does not name its processor. */
  readonly product: SnpProduct | undefined
}

/** A quote as far as it could be endorsed. */
interface Gathered {
  readonly quote: EndorsedQuote
  /** What is missing and what would supply it, in sentences. */
  readonly missing: readonly string[]
  readonly sources: readonly CollateralSource[]
}

export interface JudgedEvidence {
  readonly verdict: Verdict<HardwareAttestation>
  readonly missing: readonly string[]
  readonly sources: readonly CollateralSource[]
}

const REPORT_DATA_SIZE = 64

/** @throws UsageError for options that do not go with the evidence; CountersignError when the cache cannot be used */
export async function judgeEvidence(evidence: BareEvidence, options: EvidenceOptions): Promise<JudgedEvidence> {
  refuseOthers(evidence, options)
  const { trust, at, reportData } = options
  const { quote, missing, sources } = await gather(evidence, options)
  return { verdict: await verifyEvidence(quote, trust, at, { reportData }), missing, sources }
}

function refuseOthers({ tee }: BareEvidence, { eventLog, pool, reportData }: EvidenceOptions): void {
  if (tee !== 'tdx' && eventLog !== undefined)
    throw new UsageError('--event-log goes with a TDX quote', 'Leave it out: this platform replays no log.')
  if (tee === 'nitro' && Object.values(pool).some((found) => found.length > 0))
    throw new UsageError('a Nitro document carries its own certificates', 'Leave --endorsements out.')
  if (tee !== 'nitro' && reportData !== 'unchecked' && reportData.length !== REPORT_DATA_SIZE)
    throw new UsageError(`--report-data has ${reportData.length} bytes, 64 are due`, 'Give all 128 digits, zeros too.')
}

function gather({ tee, octets }: BareEvidence, options: EvidenceOptions): Promise<Gathered> | Gathered {
  switch (tee) {
    case 'snp':
      return gatherSnp(octets, options)
    case 'tdx':
      return gatherTdx(octets, options)
    case 'nitro':
      return { quote: { tee, document: octets }, missing: [], sources: [] }
    default:
      return tee satisfies never
  }
}

async function gatherSnp(report: Uint8Array, { pool, trust, fetcher, product }: EvidenceOptions): Promise<Gathered> {
  const found = endorseSnp(report, pool)
  const demanded = trust.policy.snp?.revocation === 'required'
  const lacksList = demanded && (found.endorsements?.crls ?? []).length === 0
  const bare = { tee: 'snp', report, auxblob: new Uint8Array(0) } as const
  const quote = { ...bare, endorsements: found.endorsements }
  if (found.endorsements !== undefined && !lacksList) return { quote, missing: [], sources: [] }
  const missing = [...found.missing, ...(lacksList ? ['revocation list of the ARK'] : [])]
  if (fetcher === undefined) return { quote, missing: [supplySentence(missing, 'AMD')], sources: [] }
  const fetched = await fetchSnp(fetcher, report, {
    product,
    vlek: vlekOf(found.endorsements) ?? leafOf(pool),
    revocation: demanded ? 'fetch' : 'skip',
  })
  if (!fetched.ok) return { quote, missing: [supplySentence(missing), fetched.why], sources: [] }
  return { quote: { ...bare, endorsements: fetched.endorsements }, missing: [], sources: fetched.sources }
}

function vlekOf(endorsements: SnpEndorsements | undefined): Uint8Array | undefined {
  return endorsements !== undefined && 'vlek' in endorsements ? endorsements.vlek : undefined
}

/** AMD gives VLEKs to clouds alone: the file is the only source, its chain can be fetched. */
function leafOf({ certificates }: EndorsementPool): Uint8Array | undefined {
  return certificates.find(({ subject }) => subject.commonNames[0] === 'SEV-VLEK')?.raw
}

async function gatherTdx(quote: Uint8Array, options: EvidenceOptions): Promise<Gathered> {
  const { pool, trust, fetcher, eventLog, at } = options
  const { endorsements, missing } = endorseTdx(quote, pool, at)
  const evidence = { tee: 'tdx', quote, ...(eventLog && { eventLog }) } as const
  const noLog =
    eventLog === undefined && trust.policy.eventLog !== 'unchecked'
      ? ['The policy asks for the event log: give it with --event-log FILE.']
      : []
  const needless = trust.policy.tdx?.tcb === 'unchecked' && trust.policy.tdx.revocation === 'unchecked'
  if (endorsements !== undefined || needless || !decodes(quote))
    return { quote: { ...evidence, endorsements }, missing: noLog, sources: [] }
  const fetched = fetcher && (await fetchTdx(fetcher, quote))
  if (fetched?.ok)
    return { quote: { ...evidence, endorsements: fetched.endorsements }, missing: noLog, sources: fetched.sources }
  const sentences = fetched === undefined ? [supplySentence(missing, 'Intel')] : [supplySentence(missing), fetched.why]
  return { quote: { ...evidence, endorsements }, missing: [...sentences, ...noLog], sources: [] }
}

/** What does not decode is for the verifier to refuse: there is nothing to ask a vendor about. */
function decodes(quote: Uint8Array): boolean {
  try {
    decodeTdxQuote(quote)
    return true
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}

/** @param vendor whom --fetch would ask; absent where it was asked */
function supplySentence(missing: readonly string[], vendor?: string): string {
  const fetch =
    vendor === undefined ? '' : `, let --fetch ask ${vendor}, or name a cache of its answers with --cache DIR`
  return `Missing: ${missing.join(', ')}. Give files or folders with --endorsements PATH…${fetch}.`
}
