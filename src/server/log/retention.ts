/** The end of retention: whole segments of sealed records that are old and quoted are removed; their leaves stay in the tiles. @module */

import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { readPreamble } from './find-segment.ts'
import { numbersOf, publishedName, segmentName } from './names.ts'
import { listSegments, scanWal } from './wal-scan.ts'

/** Of a log that is over and settled no boot will carry anything over any more: then age alone decides, of its last segment too. */
export interface Retention {
  /** Seconds since 1970: what was written before goes. */
  readonly before: number
  readonly isSettled: boolean
}

/**
 * Removes segments whose groups were all written before a time and whose entries are all below a quoted size: until then the next boot
 * would have to carry them over. The last segment stays while its log may be written or recovered.
 * @returns how many were removed
 */
export async function removeSealedBefore(
  store: ObjectStore,
  id: string,
  { before, isSettled }: Retention,
): Promise<number> {
  const quoted = numbersOf(await store.list(publishedName(id, 'evidence'))).at(-1) ?? 0
  const segments = await listSegments(store, id)
  const old: string[] = []
  for (const [i, segment] of segments.entries()) {
    // What a segment ends with stands in the preamble of the next one.
    const next = segments[i + 1]
    const preamble = next === undefined ? undefined : await readPreamble(store, id, next)
    const isLast = next === undefined && isSettled
    const written = isLast ? await lastWritten(store, id, segment) : preamble?.secondsBefore
    if (written === undefined || written >= before) break
    if (!isSettled && (preamble === undefined || preamble.position.firstIndex > quoted)) break
    old.push(segmentName(id, segment))
  }
  await store.remove(old)
  return old.length
}

/** Undefined for a segment of which that cannot be told: damaged octets may be of any time. */
async function lastWritten(store: ObjectStore, id: string, segment: number): Promise<number | undefined> {
  try {
    const { lastHead, tail } = await scanWal(store, id, { from: segment })
    return tail.kind === 'garbled' ? undefined : (lastHead?.seconds ?? 0)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
