/** Endorsements from the vendors' servers or from a cache of their answers; only where a person asks for it. @module */
import { existsSync } from 'node:fs'
import { createDiskCache } from '../../client-node/collateral-cache.ts'
import {
  type CollateralFetcher,
  type CollateralSource,
  createCollateralFetcher,
  createMemoryCache,
  createOfflineFetcher,
  createTieredCache,
  type Progress,
} from '../../collateral/index.ts'
import type { SnpEndorsements, SnpProduct } from '../../core/snp/index.ts'
import type { TdxCollateral } from '../../core/tdx/index.ts'
import { CountersignError } from '../../errors.ts'
import { type Io, UsageError } from '../command.ts'
import { printable } from '../output.ts'

export interface FetchChoice {
  /** Whether the vendors may be asked. */
  readonly fetch: boolean
  /** Folder; read, and written where the vendors may be asked. */
  readonly cache: string | undefined
}

/**
 * @param simulated fingerprints of the simulated roots that the policy names
 * @returns undefined where neither vendors nor a cache are named
 * @throws UsageError when a cache that can only be read is not there; CountersignError ERR_CONFIG when it cannot be used
 */
export async function createEvidenceFetcher(
  { fetch, cache }: FetchChoice,
  simulated: readonly string[],
  io: Io,
): Promise<CollateralFetcher | undefined> {
  if (!fetch) return cache === undefined ? undefined : createOfflineFetcher(await createDiskCache(existing(cache)))
  return createCollateralFetcher({
    fetch: globalThis.fetch,
    cache:
      cache === undefined ? createMemoryCache() : createTieredCache(createMemoryCache(), await createDiskCache(cache)),
    clock: { now: () => io.now(), monotonicMs: () => performance.now() },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    dangerouslyTrustSimulatedRoots: simulated,
    onProgress: (progress) => showProgress(progress, io),
  })
}

function existing(folder: string): string {
  if (!existsSync(folder))
    throw new UsageError(`the cache ${folder} is not there`, 'Fill it once with --fetch, or check the path.')
  return folder
}

/** One line for each document, where somebody watches. */
export function showProgress({ what, state, detail }: Progress, { progress, err }: Pick<Io, 'progress' | 'err'>): void {
  if (progress && state !== 'cached') err(`  ${state} ${what}${detail === undefined ? '' : `: ${printable(detail)}`}\n`)
}

/** What was fetched, or why not. */
export type Fetched<T> =
  | { readonly ok: true; readonly endorsements: T; readonly sources: readonly CollateralSource[] }
  | { readonly ok: false; readonly why: string }

export interface SnpChoice {
  readonly product: SnpProduct | undefined
  readonly vlek: Uint8Array | undefined
  readonly revocation: 'fetch' | 'skip'
}

/** @throws UsageError for a report of version 2 without a product; MalformedError when an answer is forged or older than a known one */
export function fetchSnp(
  fetcher: CollateralFetcher,
  report: Uint8Array,
  { product, vlek, revocation }: SnpChoice,
): Promise<Fetched<SnpEndorsements>> {
  return fetched(() =>
    fetcher.fetchSnpEndorsements(report, { revocation, ...(product && { product }), ...(vlek && { vlek }) }),
  )
}

/** @throws MalformedError when an answer is forged or older than a known one */
export function fetchTdx(fetcher: CollateralFetcher, quote: Uint8Array): Promise<Fetched<TdxCollateral>> {
  return fetched(async () => {
    const { collateral, sources } = await fetcher.fetchTdxCollateral(quote)
    return { endorsements: collateral, sources }
  })
}

/** A vendor that is down leaves checks undone; it is not the evidence that failed. */
async function fetched<T>(
  ask: () => Promise<{ readonly endorsements: T; readonly sources: readonly CollateralSource[] }>,
): Promise<Fetched<T>> {
  try {
    const { endorsements, sources } = await ask()
    return { ok: true, endorsements, sources }
  } catch (cause) {
    if (!(cause instanceof CountersignError)) throw cause
    if (cause.code === 'ERR_COLLATERAL_UNAVAILABLE') return { ok: false, why: cause.message }
    if (cause.code === 'ERR_USAGE') throw new UsageError(cause.message, 'Name it with --product Milan, Genoa or Turin.')
    throw cause
  }
}
