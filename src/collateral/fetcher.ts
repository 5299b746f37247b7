/** The fetcher of collateral: one for a whole process, so that its single flights, limits and failures count for all. @module */
import { createSnpRoots, type SnpProduct, type SnpReport, type SnpSignerKind } from '../core/snp/index.ts'
import { createTdxRoots } from '../core/tdx/index.ts'
import type { RootSelection } from '../core/x509/index.ts'
import type { TcbSelection } from './addresses.ts'
import type { CollateralCache } from './cache.ts'
import type { CollateralDeps, Progress } from './deps.ts'
import type { Obtain } from './item.ts'
import { type CollateralLimits, DEFAULT_LIMITS } from './limits.ts'
import { createObtain } from './obtain.ts'
import { createOfflineObtain } from './offline.ts'
import { type FetchedSnp, type FetchedSnpChain, fetchAmdChain, fetchSnp, type SnpFetchOptions } from './snp.ts'
import { createSources, type MirrorOptions } from './sources.ts'
import { type FetchedTdx, fetchTdx } from './tdx.ts'
import { platformOfQuote, type TdxPlatform } from './tdx-platform.ts'

export interface CollateralFetcher {
  /**
   * What AMD signs about the machine of a report.
   * @throws CollateralError ERR_COLLATERAL_UNAVAILABLE, for a VLEK too, which cannot be fetched
   * @throws MalformedError COLLATERAL_SOURCE; CRL_ROLLBACK; what {@link decodeSnpReport} throws
   */
  fetchSnpEndorsements(report: SnpReport | Uint8Array, options?: SnpFetchOptions): Promise<FetchedSnp>
  /** ASK or ASVK, ARK and their revocation list, without a report. */
  fetchSnpChain(product: SnpProduct, signer: SnpSignerKind): Promise<FetchedSnpChain>
  /**
   * What Intel signs about the platform of a quote. The default selection is `{ update: 'standard' }`.
   * @throws CollateralError ERR_COLLATERAL_UNAVAILABLE
   * @throws MalformedError COLLATERAL_SOURCE; COLLATERAL_ROLLBACK; CRL_ROLLBACK; what decoding the quote throws
   */
  fetchTdxCollateral(quote: Uint8Array | TdxPlatform, selection?: TcbSelection): Promise<FetchedTdx>
}

export interface FetcherOptions extends Omit<CollateralDeps, 'timeout'>, MirrorOptions {
  /** Aborts after so many milliseconds; AbortSignal.timeout when left out. */
  readonly timeout?: CollateralDeps['timeout']
  readonly cache: CollateralCache
  readonly limits?: Partial<CollateralLimits>
  /** Fingerprints of simulated roots that may fill the cache as the vendors' do. Verdicts decide about them anew. */
  readonly dangerouslyTrustSimulatedRoots?: readonly string[]
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Asks the vendors, and keeps what they say.
 *
 * @example
 * ```ts
 * const fetcher = createCollateralFetcher({
 *   fetch,
 *   cache: createMemoryCache(),
 *   clock: { now: () => new Date(), monotonicMs: () => performance.now() },
 *   sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
 * })
 * const { endorsements } = await fetcher.fetchSnpEndorsements(report)
 * ```
 * @throws MalformedError COLLATERAL_SOURCE for a mirror that may not be one
 */
export function createCollateralFetcher(options: FetcherOptions): CollateralFetcher {
  const { fetch, clock, sleep, cache, dangerouslyTrustSimulatedRoots = [], onProgress = () => undefined } = options
  const timeout = options.timeout ?? ((ms: number) => AbortSignal.timeout(ms))
  const obtain = createObtain({
    deps: { fetch, clock, sleep, timeout },
    cache,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    sources: createSources(options),
    onProgress,
  })
  return fetcherOver(obtain, dangerouslyTrustSimulatedRoots)
}

/** Answers from a cache alone, however old: whether it is still current is the verifier's to say, at the time that it judges at. */
export function createOfflineFetcher(cache: CollateralCache): CollateralFetcher {
  return fetcherOver(createOfflineObtain(cache), [])
}

function fetcherOver(obtain: Obtain, simulated: readonly string[]): CollateralFetcher {
  const selection: RootSelection = { roots: 'built-in', simulated }
  const amd = { obtain, roots: rootsOf(createSnpRoots(selection)) }
  const intel = { obtain, roots: rootsOf(createTdxRoots(selection)) }
  return {
    fetchSnpEndorsements: (report, options = {}) => fetchSnp(report, options, amd),
    fetchSnpChain: (product, signer) => fetchAmdChain(product, signer, amd),
    fetchTdxCollateral: async (quote, tcb = { update: 'standard' }) =>
      fetchTdx(quote instanceof Uint8Array ? platformOfQuote(quote) : quote, tcb, intel),
  }
}

function rootsOf({ vendor, simulated }: ReturnType<typeof createSnpRoots>): readonly string[] {
  return [...vendor, ...simulated]
}
