/** Gets one document: from the cache while it is fresh, else from its vendor; stores only what is read, proven and no older. @module */
import { MalformedError } from '../errors.ts'
import type { CollateralCache, CollateralEntry } from './cache.ts'
import type { CollateralDeps, Progress } from './deps.ts'
import { type DownloadOptions, download } from './download.ts'
import { CollateralError } from './errors.ts'
import { Failures } from './failures.ts'
import { Flights, Lanes } from './flights.ts'
import type { Dated, Item, Obtain, Origin } from './item.ts'
import type { CollateralLimits } from './limits.ts'
import type { Sources } from './sources.ts'

export interface ObtainOptions {
  readonly deps: CollateralDeps
  readonly cache: CollateralCache
  readonly limits: CollateralLimits
  readonly sources: Sources
  readonly onProgress: (progress: Progress) => void
}

interface Found {
  readonly entry: CollateralEntry
  readonly origin: Origin
}

interface Held<T> {
  readonly entry: CollateralEntry
  readonly value: T
}

/** Asks vendors. One flight per document: reading the cache is part of it, so that nobody slips between a miss and its request. */
export function createObtain(options: ObtainOptions): Obtain {
  const { deps, limits, cache } = options
  const flights = new Flights<Found>()
  const lanes = new Lanes(limits.parallel)
  const failures = new Failures(limits.failureMs)
  const proven = new WeakSet<CollateralEntry>()

  async function find<T extends Dated>(item: Item<T>): Promise<Found> {
    const { what } = item
    const held = await readHeld(cache, item, proven)
    const now = deps.clock.now()
    if (held && isFresh(held, now, limits)) {
      options.onProgress({ what, state: 'cached' })
      return { entry: held.entry, origin: 'cache' }
    }
    try {
      failures.refuseRecent(item.address, deps.clock.monotonicMs())
      return { entry: await renew(item, held), origin: 'vendor' }
    } catch (error) {
      failures.remember(item.address, error, deps.clock.monotonicMs())
      if (held && isUnreached(error) && deps.clock.now() <= held.value.goodUntil) {
        options.onProgress({ what, state: 'stale', detail: messageOf(error) })
        return { entry: held.entry, origin: 'stale' }
      }
      options.onProgress({ what, state: 'failed', detail: messageOf(error) })
      throw error
    }
  }

  async function renew<T extends Dated>(item: Item<T>, held: Held<T> | undefined): Promise<CollateralEntry> {
    const { what, address, chainHeaders } = item
    options.onProgress({ what, state: 'fetching' })
    const request = { what, address: options.sources(address), chainHeaders }
    const answer = await download(request, downloadOptions(options, lanes, what))
    const value = await readAnswer(item, answer)
    // The older copy is refused and the newer one stays, so that the floor outlives this process as long as the cache does.
    if (held) refuseOlder(item, held.value, value)
    const entry = { ...answer, fetchedAt: deps.clock.now().getTime(), kind: item.kind }
    await cache.set(address, entry)
    failures.forget(address)
    options.onProgress({ what, state: 'fetched' })
    return entry
  }

  return async (item) => {
    const { entry, origin } = await flights.run(item.address, () => find(item))
    const { what, address } = item
    return { value: item.decode(entry), source: { what, address, origin, fetchedAt: new Date(entry.fetchedAt) } }
  }
}

function downloadOptions(options: ObtainOptions, lanes: Lanes, what: string): DownloadOptions {
  const { deps, limits, onProgress } = options
  const onWait = (waitMs: number, { message }: CollateralError): void =>
    onProgress({ what, state: 'waiting', detail: `${Math.ceil(waitMs / 1000)} s: ${message}` })
  return { ...deps, limits, lanes, onWait }
}

/**
 * What is in the cache. It holds no authority: what does not decode, is for another question, or is vouched for by no pinned root of this
 * fetcher is as good as absent. Else whoever writes there could lift the floor over all that the vendor serves.
 * @param proven entries that have been proven before, by themselves
 */
async function readHeld<T extends Dated>(
  cache: CollateralCache,
  item: Item<T>,
  proven: WeakSet<CollateralEntry>,
): Promise<Held<T> | undefined> {
  const entry = await cache.get(item.address)
  if (entry === undefined) return undefined
  try {
    const value = item.decode(entry)
    if (!proven.has(entry)) await item.prove(value)
    proven.add(entry)
    return { entry, value }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function isFresh({ entry, value }: Held<Dated>, now: Date, limits: CollateralLimits): boolean {
  const age = now.getTime() - entry.fetchedAt
  const maxAge = entry.kind === 'dated' ? limits.datedMaxAgeMs : limits.certificateMaxAgeMs
  // A copy from the future says that a clock was set back: its age is not known. One that has expired and was served just now
  // is the newest that there is: asking again at once would bring the same.
  return age >= 0 && age < (now <= value.goodUntil ? maxAge : limits.failureMs)
}

/** A captive portal answers everything with 200: what is not the document, proven, is no answer of the vendor's and is not kept. */
async function readAnswer<T extends Dated>(
  item: Item<T>,
  answer: Pick<CollateralEntry, 'body' | 'issuerChain'>,
): Promise<T> {
  try {
    const value = item.decode(answer)
    await item.prove(value)
    return value
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CollateralError(
      `the answer is not the ${item.what} that was asked for (${cause.failure}: ${cause.message}); nothing was stored: look for a proxy or portal in between, or a mirror that is out of order`,
      { reached: true, retry: 'never', cause },
    )
  }
}

function refuseOlder<T extends Dated>(item: Item<T>, held: T, served: T): void {
  try {
    item.refuseOlder?.(held, served)
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new MalformedError(
      cause.failure,
      `${item.what} is older than a copy seen before (${cause.message}): the newer one is kept; find out which cache or host in between serves old copies`,
      { cause },
    )
  }
}

function isUnreached(error: unknown): boolean {
  return error instanceof CollateralError && !error.reached
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
