/**
 * `measurements.json` of a release: what each of its images measures on each machine that it is made for. Provenance is a signature over
 * exactly these octets, so that one bundle vouches for every row that is pinned from it. Format: docs/formats.md, Published measurements.
 * @module
 */
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { decodeMeasurements, type Measurements, registersOf, sameMeasurements } from './measurements.ts'

export type PublishedImage = Measurements & {
  /** File name of the image, for people. */
  readonly name: string
  /** `sha256:` of the image's octets. */
  readonly digest: string
  /** Which machine launches so; becomes the `shape` of a lock row. */
  readonly shape: string
}

export interface PublishedMeasurements {
  readonly version: 1
  /** The release's name, for people. */
  readonly release: string
  readonly source: { readonly repository: string; readonly commit: string }
  /** At least one; each measurement of a platform stands once. */
  readonly images: readonly PublishedImage[]
}

const CODES: ShapeCodes = {
  missing: 'PROVENANCE_FORMAT',
  unknown: 'PROVENANCE_FORMAT',
  invalid: 'PROVENANCE_FORMAT',
}
const TEXT = /^[ -~]{1,200}$/
const SHAPE = /^[ -~]{1,120}$/
const FILE = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const PLATFORMS = ['snp', 'tdx', 'nitro'] as const

function decodeImage(reader: ObjectReader): PublishedImage {
  const platform = reader.oneOf('platform', PLATFORMS)
  return {
    ...decodeMeasurements(platform, reader.object('measurements')),
    name: reader.string('name', FILE),
    digest: reader.string('digest', DIGEST),
    shape: reader.string('shape', SHAPE),
  }
}

function decodeSource(reader: ObjectReader): PublishedMeasurements['source'] {
  return { repository: reader.string('repository', TEXT), commit: reader.string('commit', COMMIT) }
}

/** @throws MalformedError PROVENANCE_FORMAT, JSON_* */
export function decodePublished(octets: Uint8Array | string): PublishedMeasurements {
  const reader = new ObjectReader(decodeJson(octets), 'measurements', CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const release = reader.string('release', TEXT)
  const source = reader.object('source').whole(decodeSource)
  const images = reader
    .array('images')
    .map((value, i) => new ObjectReader(value, `measurements.images[${i}]`, CODES).whole(decodeImage))
  reader.end()
  if (images.length === 0) throw reader.invalid('images', 'must not be empty')
  return { version: 1, release, source, images }
}

/** Sorted keys, one measurement a line, final newline: the same images give the same octets. */
export function encodePublished({ release, source, images }: PublishedMeasurements): string {
  const sorted = images.map((image) => ({
    digest: image.digest,
    measurements: Object.fromEntries(registersOf(image)),
    name: image.name,
    platform: image.platform,
    shape: image.shape,
  }))
  const { commit, repository } = source
  return `${JSON.stringify({ images: sorted, release, source: { commit, repository }, version: 1 }, null, 2)}\n`
}

/** The images whose every register equals what was seen; none where the release never measured that. */
export function imagesOf({ images }: PublishedMeasurements, seen: Measurements): readonly PublishedImage[] {
  return images.filter((image) => sameMeasurements(image, seen))
}
