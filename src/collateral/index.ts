/**
 * Fetches what vendors sign about hardware (AMD's key server, Intel's provisioning service) and keeps it; reads what somebody else fetched.
 * Browser and Node: network, clock and storage are given in. What it returns is untrusted until a verifier of the core has judged it. The
 * vendors' servers allow no requests of other origins, so that browsers need a mirror that does.
 * @module
 */
export { decodePcsDocument } from '../core/tdx/index.ts'
export type { PckCa, TcbSelection, VcekSubject } from './addresses.ts'
export {
  type CollateralCache,
  type CollateralEntry,
  createMemoryCache,
  createTieredCache,
  type MemoryCacheOptions,
} from './cache.ts'
export { decompressEvidence } from './decompress-evidence.ts'
export type { CollateralDeps, Progress, ProgressState } from './deps.ts'
export { CollateralError } from './errors.ts'
export {
  type CollateralFetcher,
  createCollateralFetcher,
  createOfflineFetcher,
  type FetcherOptions,
} from './fetcher.ts'
export type { CollateralSource, Origin } from './item.ts'
export { type CollateralLimits, DEFAULT_LIMITS } from './limits.ts'
export type { FetchedSnp, FetchedSnpChain, SnpFetchOptions } from './snp.ts'
export type { MirrorOptions, VendorHost } from './sources.ts'
export type { FetchedTdx } from './tdx.ts'
export type { TdxPlatform } from './tdx-platform.ts'
