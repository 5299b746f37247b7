/** Who built what is measured: bundles of Sigstore over the measurements of a release. @module */
export type { SignerTrust } from './signed.ts'
export { type ProvenanceClaim, type ProvenMeasurement, verifyProvenance } from './verify-provenance.ts'
