/** Where fetched collateral is kept. The copy that is held is also the floor: an older one never replaces it. @module */

/** One answer of a vendor. */
export interface CollateralEntry {
  /** Exactly as it was served. */
  readonly body: Uint8Array
  /** The issuer chain's header as it was served (PEM, percent-encoded); empty where there is none. */
  readonly issuerChain: string
  /** Milliseconds since 1970. */
  readonly fetchedAt: number
  /** `dated` documents are replaced by newer editions and keep older ones out; a `certificate` can always be fetched again. */
  readonly kind: 'dated' | 'certificate'
}

/** Keys are the vendors' addresses. `get` misses by `undefined`; both reject only where the storage itself is broken. */
export interface CollateralCache {
  get(key: string): Promise<CollateralEntry | undefined>
  set(key: string, entry: CollateralEntry): Promise<void>
}

export interface MemoryCacheOptions {
  /** Entries of each kind. */
  readonly maxEntries?: number
}

/**
 * Keeps what was used last, for as long as the process lives. Each kind has a room of its own: AMD issues certificates for any firmware
 * level that a forged report names, and a flood of those must not drive out the lists that guard against rollback.
 */
export function createMemoryCache({ maxEntries = 256 }: MemoryCacheOptions = {}): CollateralCache {
  const rooms = { dated: new Map<string, CollateralEntry>(), certificate: new Map<string, CollateralEntry>() }
  return {
    async get(key) {
      const room = rooms.dated.has(key) ? rooms.dated : rooms.certificate
      const entry = room.get(key)
      if (entry === undefined) return undefined
      // A Map keeps its order of insertion: last used stands last.
      room.delete(key)
      room.set(key, entry)
      return entry
    },
    async set(key, entry) {
      const room = rooms[entry.kind]
      room.delete(key)
      room.set(key, { ...entry, body: entry.body.slice() })
      const oldest = room.keys().next()
      if (room.size > maxEntries && !oldest.done) room.delete(oldest.value)
    },
  }
}

/** A small fast cache before a large slow one, for example memory before disk. */
export function createTieredCache(near: CollateralCache, far: CollateralCache): CollateralCache {
  return {
    async get(key) {
      const found = await near.get(key)
      if (found !== undefined) return found
      const entry = await far.get(key)
      if (entry !== undefined) await near.set(key, entry)
      return entry
    },
    async set(key, entry) {
      await far.set(key, entry)
      await near.set(key, entry)
    },
  }
}
