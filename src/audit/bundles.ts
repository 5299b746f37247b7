/** The entries of a log as a stream of bundles, read ahead, in constant memory. @module */
import { decodeEntryBundle, encodeTilePath, TILE_WIDTH } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import type { LogReader } from './log-reader.ts'

/** Bundles on their way at a time: what a round trip to a gateway costs is paid once for so many. */
const READ_AHEAD = 8

export interface Bundle {
  /** Index of its first entry. */
  readonly first: number
  readonly entries: readonly Uint8Array[]
}

/** A stretch of leaves that is not there or not of the form. */
export class BundleFault extends MalformedError {
  readonly index: number

  constructor(index: number, message: string, options?: { cause?: unknown }) {
    super('LOG_LEAF_CORRUPT', message, options)
    this.index = index
  }
}

async function readBundle(reader: LogReader, id: string, first: number, width: number): Promise<Bundle> {
  const index = first / TILE_WIDTH
  const partial = await reader.read(id, encodeTilePath({ level: 'entries', index, width }))
  // C2SP tlog-tiles: a partial tile may go when the full one is there.
  const octets = partial ?? (await reader.read(id, encodeTilePath({ level: 'entries', index, width: TILE_WIDTH })))
  if (octets === undefined) throw new BundleFault(first, `the entries from ${first} on are not there`)
  let entries: readonly Uint8Array[]
  try {
    entries = decodeEntryBundle(octets)
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new BundleFault(first, `the bundle of entry ${first} does not decode: ${cause.message}`, { cause })
  }
  if (entries.length < width)
    throw new BundleFault(first + entries.length, `entry ${first + entries.length} is not in its bundle`)
  if (partial !== undefined && entries.length > width)
    throw new BundleFault(first + width, `the bundle of entry ${first} holds more than ${width}`)
  return { first, entries: entries.slice(0, width) }
}

/**
 * All entries below `size`, in order. None of them is authenticated: the root over them is for the caller to compare.
 * @throws BundleFault naming the first index that is missing
 */
export async function* readBundles(reader: LogReader, id: string, size: number): AsyncGenerator<Bundle> {
  const ahead: Promise<Bundle>[] = []
  let next = 0
  const fill = (): void => {
    for (; ahead.length < READ_AHEAD && next < size; next += TILE_WIDTH) {
      const bundle = readBundle(reader, id, next, Math.min(TILE_WIDTH, size - next))
      // It is awaited in its turn: until then a failure must not count as unhandled.
      bundle.catch(() => undefined)
      ahead.push(bundle)
    }
  }
  for (fill(); ; fill()) {
    const bundle = ahead.shift()
    if (bundle === undefined) return
    yield await bundle
  }
}
