/**
 * What vouches for a quote: what it brings along, and what the vendors' servers say. Those are asked by an allow-list of addresses; evidence
 * never names one. Answers are kept, so that a quote rarely waits. Without them clients fetch their own. @module
 */
import { CollateralError, type CollateralFetcher } from '../../collateral/index.ts'
import { endorseFromQuote } from '../../core/evidence/endorse.ts'
import type { EndorsedQuote } from '../../core/evidence/hardware.ts'
import type { Quote, SnpQuote, TdxQuote } from '../../core/evidence/quoter.ts'
import { decodeSnpEndorsements, type SnpEndorsements } from '../../core/snp/index.ts'
import { MalformedError } from '../../errors.ts'
import type { TelemetrySink } from '../telemetry/types.ts'

export interface EndorserDeps {
  readonly fetcher: CollateralFetcher
  /** Runs once after `ms`; what it returns stops it. */
  readonly timers: { after(ms: number, run: () => void): () => void }
  readonly telemetry: TelemetrySink
}

/** A quote that can do without does not wait longer; what comes later is at hand for the next. */
const PATIENCE_MS = 1_000
const LATE = Symbol('late')

export function createEndorser(deps: EndorserDeps): (quote: Quote) => Promise<EndorsedQuote> {
  return async (quote) => {
    switch (quote.tee) {
      case 'snp':
        return endorseSnp(quote, deps)
      case 'tdx':
        return endorseTdx(quote, deps)
      case 'nitro':
        return endorseFromQuote(quote)
      default:
        return quote satisfies never
    }
  }
}

async function endorseSnp(quote: SnpQuote, deps: EndorserDeps): Promise<EndorsedQuote> {
  const { fetcher } = deps
  const brought = broughtBy(quote)
  const vlek = brought !== undefined && 'vlek' in brought ? { vlek: brought.vlek } : {}
  const fetching = told(
    'certificates and revocation list of AMD',
    async () => (await fetcher.fetchSnpEndorsements(quote.report, vlek)).endorsements,
    deps,
  )
  // Without a chain there is nothing to go on with: it is waited for.
  const fetched = brought === undefined ? await fetching : await patiently(fetching, deps)
  if (brought === undefined) return { ...quote, endorsements: fetched }
  const crls = fetched?.crls
  return { ...quote, endorsements: crls === undefined ? brought : { ...brought, crls } }
}

async function endorseTdx(quote: TdxQuote, deps: EndorserDeps): Promise<EndorsedQuote> {
  const fetching = told(
    'collateral of Intel',
    async () => (await deps.fetcher.fetchTdxCollateral(quote.quote)).collateral,
    deps,
  )
  return { ...quote, endorsements: await patiently(fetching, deps) }
}

/** The chain in the host's certificate table; undefined where it is empty or not whole. */
function broughtBy({ auxblob }: SnpQuote): SnpEndorsements | undefined {
  try {
    return decodeSnpEndorsements(auxblob)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** Undefined, and a line for the operator, where it cannot be had. */
async function told<T>(what: string, fetch: () => Promise<T>, { telemetry }: EndorserDeps): Promise<T | undefined> {
  try {
    return await fetch()
  } catch (error) {
    if (!(error instanceof CollateralError) && !(error instanceof MalformedError)) throw error
    telemetry.write({ event: 'collateral', detail: `${what}: left out: ${error.message}` })
    return undefined
  }
}

async function patiently<T>(fetching: Promise<T | undefined>, { timers }: EndorserDeps): Promise<T | undefined> {
  let cancel = (): void => {}
  const late = new Promise<typeof LATE>((resolve) => {
    cancel = timers.after(PATIENCE_MS, () => resolve(LATE))
  })
  const first = await Promise.race([fetching, late]).finally(() => cancel())
  if (first !== LATE) return first
  // Whatever becomes of it is told by itself, or kept.
  fetching.catch(() => {})
  return undefined
}
