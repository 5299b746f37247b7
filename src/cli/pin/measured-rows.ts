/**
 * Rows as `countersign measure … --lock-row` prints them, or made of a release's `measurements.json`: calculated from images, never seen to
 * run. @module
 */
import { decodeJson, isJsonObject } from '../../core/encoding/json.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeLock, type LockRow } from '../../core/lock.ts'
import { sameMeasurements } from '../../core/measurement/measurements.ts'
import { decodePublished, imagesOf, type PublishedImage } from '../../core/measurement/published.ts'
import { MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'
import { type LockRowValues, lockRow, rowResources } from '../measure/lock-row.ts'

const SHAPE_SIZE = 120

/** Machines that launch alike: what a row calls them. */
export function shapeOf(images: readonly PublishedImage[]): string {
  const shapes = [...new Set(images.map(({ shape }) => shape))]
  const all = shapes.join(' | ')
  return all.length <= SHAPE_SIZE ? all : (shapes[0] ?? '-')
}

function isRelease(text: string): boolean {
  try {
    const json = decodeJson(text)
    return isJsonObject(json) && Object.hasOwn(json, 'images')
  } catch (error) {
    // Several rows, one a line, are no JSON document.
    if (error instanceof MalformedError) return false
    throw error
  }
}

function rowsOfRelease(text: string, values: LockRowValues): readonly string[] {
  const resources = rowResources(values)
  const release = decodePublished(text)
  const first = release.images.filter((image, i, all) => all.findIndex((other) => sameMeasurements(other, image)) === i)
  return first.map((image) => lockRow(image, shapeOf(imagesOf(release, image)), resources))
}

function linesOf(text: string, { config, model }: LockRowValues): readonly string[] {
  if (isRelease(text)) return rowsOfRelease(text, { config, model })
  if (config !== undefined || model !== undefined)
    throw new UsageError(
      'rows name their own configuration and models',
      'Leave --config and --model out; they go with a measurements.json.',
    )
  return text.split('\n').filter((line) => line.trim() !== '')
}

/**
 * Rows, one a line, or a release.
 * @param values what the rows of a release are to name beside measurements
 * @throws UsageError for a file without any; MalformedError for what is no row, for provenance that nothing was given to prove, and for rows of another status than `next`:
 *   what was calculated counts beside what runs until somebody rotates to it
 */
export function decodeMeasuredRows(octets: Uint8Array, values: LockRowValues): readonly LockRow[] {
  const lines = linesOf(decodeUtf8(octets), values)
  // What a shell leaves of a calculation that failed: nothing was judged, so nothing is "not verified".
  if (lines.length === 0)
    throw new UsageError(
      'no row is measured there',
      'Look whether countersign measure … --lock-row failed: it prints one.',
    )
  const { rows } = decodeLock(`{"version":1,"revision":0,"minimumPolicyRevision":0,"rows":[${lines.join(',')}]}`)
  for (const { status, provenance } of rows) {
    if (status !== 'next') throw new MalformedError('POLICY_INVALID', 'a measured row has the status next')
    // A claim that nobody verified would read like one that somebody did. Where a bundle is given, it alone says who built it.
    if (provenance !== 'none')
      throw new MalformedError('PROVENANCE_FORMAT', 'a row claims provenance: only a bundle that verifies fills it in')
  }
  return rows
}
