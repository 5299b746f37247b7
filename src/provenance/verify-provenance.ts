/** Whether a release's measurements were made by the builder that a caller names, and hold what was pinned or quoted. @module */
import type { Provenance } from '../core/lock.ts'
import { formatMeasurements, type Measurements } from '../core/measurement/measurements.ts'
import { decodePublished, imagesOf, type PublishedImage } from '../core/measurement/published.ts'
import { judge, type Verdict } from '../core/verdict.ts'
import { judgeSigned, SIGNED_CHECKS, type SignerTrust } from './signed.ts'

const CHECKS = {
  ...SIGNED_CHECKS,
  predicate: 'SLSA Provenance v1',
  published: 'docs/formats.md, Published measurements',
  measurement: 'docs/pinning.md, Provenance',
} as const

const SLSA_PROVENANCE = 'https://slsa.dev/provenance/v1'

export interface ProvenanceClaim {
  /** The octets of the Sigstore bundle, as the build attested it. */
  readonly bundle: Uint8Array
  /** The octets of the release's `measurements.json`. */
  readonly published: Uint8Array
  /** What was quoted or is to be pinned: has to be among what was published. */
  readonly seen: Measurements
}

export interface ProvenMeasurement {
  /** As a lock row names it. */
  readonly provenance: Provenance
  /** At least one. */
  readonly images: readonly PublishedImage[]
}

/** @throws CountersignError ERR_CONFIG when the trusted root cannot be read */
export async function verifyProvenance(
  { bundle, published, seen }: ProvenanceClaim,
  trust: SignerTrust,
): Promise<Verdict<ProvenMeasurement>> {
  return await judge(CHECKS, async (check) => {
    const signed = judgeSigned(check, { bundle, artefact: published }, trust)
    const { predicateType } = signed.statement
    check.that('predicate', predicateType === SLSA_PROVENANCE, 'PROVENANCE_FORMAT', {
      seen: predicateType,
      wanted: SLSA_PROVENANCE,
    })
    const release = check.decode('published', () => decodePublished(published), 'PROVENANCE_FORMAT')
    const images = imagesOf(release, seen)
    check.that('measurement', images.length > 0, 'PROVENANCE_MEASUREMENT', {
      pass: images.map(({ name, shape }) => `${name}, ${shape}`).join('; '),
      fail: `${formatMeasurements(seen)}: not among the ${release.images.length} that were published`,
    })
    const { signer, bundle: bundleDigest, subject } = signed
    return { provenance: { ...signer, bundle: bundleDigest, subject }, images }
  })
}
