/** Options of `countersign verify` that are about bare evidence: reads what they name, and says what was proven. @module */
import { decodeHex } from '../../core/encoding/bytes.ts'
import type { HardwareAttestation } from '../../core/evidence/hardware.ts'
import { SNP_PRODUCTS, type SnpProduct } from '../../core/snp/index.ts'
import type { Verdict } from '../../core/verdict.ts'
import { type Io, UsageError } from '../command.ts'
import { readEndorsements } from './endorsement-files.ts'
import { readEventLog } from './event-log-file.ts'
import { createEvidenceFetcher } from './fetch-endorsements.ts'
import type { ArchiveOptions, Judged } from './judge-archive.ts'
import { type BareEvidence, judgeEvidence } from './judge-evidence.ts'

/** What only bare evidence is judged with, by the names of the options. */
export interface BareOptions {
  readonly endorsements: readonly string[]
  readonly fetch: boolean
  readonly cache?: string | undefined
  readonly product?: string | undefined
  readonly 'event-log'?: string | undefined
  readonly 'report-data'?: string | undefined
}

function readReportData(text: string | undefined): Uint8Array | 'unchecked' {
  if (text === undefined) return 'unchecked'
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text))
    throw new UsageError('--report-data is not hexadecimal', 'Give two digits for each byte, nothing between them.')
  return decodeHex(text.toLowerCase())
}

const PLATFORMS = {
  snp: { name: 'SEV-SNP', id: 'sev-snp' },
  tdx: { name: 'TDX', id: 'tdx' },
  nitro: { name: 'Nitro', id: 'nitro' },
} as const

/** @throws UsageError for options that are wrong, or do not go with the evidence */
export async function verifyBare(
  evidence: BareEvidence,
  { trust, now, at = now }: ArchiveOptions,
  { given, io }: { given: BareOptions; io: Io },
): Promise<Judged> {
  const { name, id } = PLATFORMS[evidence.tee]
  const { verdict, missing, sources } = await judgeEvidence(evidence, {
    trust,
    at,
    pool: await readEndorsements(given.endorsements),
    eventLog: given['event-log'] === undefined ? undefined : await readEventLog(given['event-log']),
    reportData: readReportData(given['report-data']),
    fetcher: await createEvidenceFetcher(
      { fetch: given.fetch, cache: given.cache },
      trust.policy.dangerouslyTrustSimulatedRoots,
      io,
    ),
    product: readProduct(given.product),
  })
  const time = trust.policy.audit.time === 'nitro-document' ? 'as its document says' : 'as given, not proven'
  const result = `${name} evidence, which proves no answer by itself${tcbOf(verdict)}; time: ${time}`
  const fetched = sources.map(({ what, address, origin }) => ({ what, address, origin }))
  return { verdict, result, more: { platform: id, ...(fetched.length > 0 && { sources: fetched }) }, missing }
}

function tcbOf(verdict: Verdict<HardwareAttestation>): string {
  if (!verdict.ok || verdict.value.tee !== 'tdx' || verdict.value.attested.tcb === 'unchecked') return ''
  return `; TCB ${verdict.value.attested.tcb.status}`
}

function readProduct(name: string | undefined): SnpProduct | undefined {
  const product = SNP_PRODUCTS.find((known) => known === name)
  if (name !== undefined && product === undefined)
    throw new UsageError('--product is not known', `It is one of ${SNP_PRODUCTS.join(', ')}.`)
  return product
}
