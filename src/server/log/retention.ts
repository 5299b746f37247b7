/** The end of retention: whole segments of sealed records that are old and quoted are removed; their leaves stay in the tiles. @module */
import type { ObjectStore } from '../../storage/index.ts'
import { readPreamble } from './find-segment.ts'
import { numbersOf, publishedName, segmentName } from './names.ts'
import { listSegments } from './wal-scan.ts'

/**
 * Removes segments whose groups were all written before `seconds` and whose entries are all below a quoted size: until then the next boot
 * would have to carry them over. The last segment stays.
 * @returns how many were removed
 */
export async function removeSealedBefore(store: ObjectStore, id: string, seconds: number): Promise<number> {
  const quoted = numbersOf(await store.list(publishedName(id, 'evidence'))).at(-1) ?? 0
  const segments = await listSegments(store, id)
  const old: string[] = []
  for (const [i, segment] of segments.entries()) {
    // What a segment ends with stands in the preamble of the next one.
    const next = segments[i + 1]
    const preamble = next === undefined ? undefined : await readPreamble(store, id, next)
    if (preamble === undefined || preamble.secondsBefore >= seconds || preamble.position.firstIndex > quoted) break
    old.push(segmentName(id, segment))
  }
  await store.remove(old)
  return old.length
}
