/** Finds the segment of a write-ahead log in which something stands, from the preambles alone. @module */
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { SegmentReader } from './segment-reader.ts'
import type { Preamble } from './wal-format.ts'
import { listSegments } from './wal-scan.ts'

/** Undefined for a segment that is not there or whose preamble is damaged. */
export async function readPreamble(store: ObjectStore, id: string, segment: number): Promise<Preamble | undefined> {
  const reader = await SegmentReader.open(store, id, segment)
  if (reader === undefined) return undefined
  try {
    return await reader.preamble()
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  } finally {
    await reader.close()
  }
}

/**
 * The last segment whose preamble passes, which none behind it does; the first one when none passes. A damaged preamble does not pass.
 * @throws MalformedError when there is no segment
 */
export async function findSegment(
  store: ObjectStore,
  id: string,
  isBefore: (preamble: Preamble) => boolean,
): Promise<number> {
  const segments = await listSegments(store, id)
  const [first] = segments
  if (first === undefined) throw new MalformedError('EVIDENCE_TRUNCATED', 'there is no write-ahead log')
  let low = 0
  for (let high = segments.length; high - low > 1; ) {
    const middle = Math.floor((low + high) / 2)
    const preamble = await readPreamble(store, id, segments[middle] ?? first)
    if (preamble !== undefined && isBefore(preamble)) low = middle
    else high = middle
  }
  return segments[low] ?? first
}
