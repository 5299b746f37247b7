/** What one document is: where it stands, how it is read, and what must hold before it is stored. @module */
import type { CollateralEntry } from './cache.ts'

/** What is asked of every document that was read. */
export interface Dated {
  /** The last moment at which it may be used: nextUpdate, or the end of its first certificate to expire. */
  readonly goodUntil: Date
}

export interface Item<T extends Dated> {
  /** For people, for example `VCEK`. */
  readonly what: string
  /** The vendor's address; also the key in caches, whichever mirror is asked. */
  readonly address: string
  readonly kind: CollateralEntry['kind']
  /** Headers that may hold the issuer chain. */
  readonly chainHeaders: readonly string[]
  /**
   * Reads an answer and checks that it is what was asked for.
   * @throws MalformedError
   */
  readonly decode: (answer: Pick<CollateralEntry, 'body' | 'issuerChain'>) => T
  /**
   * Checks that a pinned root vouches for it: nobody else may fill the cache, or lift the floor below which editions are refused.
   * @throws MalformedError
   */
  readonly prove: (value: T) => Promise<void>
  /**
   * Checks that what is served now is no older than what is held; absent where nothing gets old.
   * @throws MalformedError CRL_ROLLBACK, COLLATERAL_ROLLBACK
   */
  readonly refuseOlder?: (held: T, served: T) => void
}

/** Where a document came from this time. */
export type Origin =
  | 'vendor'
  | 'cache'
  /** The vendor could not be reached; a copy that is still current. */
  | 'stale'

export interface CollateralSource {
  readonly what: string
  readonly address: string
  readonly origin: Origin
  readonly fetchedAt: Date
}

export interface Obtained<T> {
  readonly value: T
  readonly source: CollateralSource
}

/** Gets a document from a vendor or from a cache. */
export type Obtain = <T extends Dated>(item: Item<T>) => Promise<Obtained<T>>

/**
 * Waits for all, then rejects if one did: what still runs behind a rejection would write to a cache that its owner has closed.
 */
export async function together<const T extends readonly unknown[]>(
  parts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(parts)
  return Promise.all(parts)
}
