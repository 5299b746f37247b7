/** Collateral from a cache alone: for machines without a network, and for judging again what was judged once. @module */
import type { CollateralCache } from './cache.ts'
import { CollateralError } from './errors.ts'
import type { Obtain } from './item.ts'

/** @throws CollateralError where the cache has none, or none that is of use */
export function createOfflineObtain(cache: CollateralCache): Obtain {
  return async (item) => {
    const { what, address } = item
    const entry = await cache.get(address)
    if (entry === undefined)
      throw new CollateralError(
        `${what} is not in the cache, and nothing is fetched offline: fetch it once (${address})`,
        {
          reached: false,
          retry: 'never',
        },
      )
    const fetchedAt = new Date(entry.fetchedAt)
    const value = decodeHeld(() => item.decode(entry), what)
    return { value, source: { what, address, origin: 'cache', fetchedAt } }
  }
}

function decodeHeld<T>(decode: () => T, what: string): T {
  try {
    return decode()
  } catch (cause) {
    throw new CollateralError(`${what} in the cache cannot be read: fetch it again`, {
      reached: false,
      retry: 'never',
      cause,
    })
  }
}
