/** Who built what is measured, and who approved its pin: bundles of Sigstore over the measurements of a release, and over a lock. @module */
export type { SignerTrust } from './signed.ts'
export { type Approval, type ApprovalClaim, openApproval, verifyApproval } from './verify-approval.ts'
export { type ProvenanceClaim, type ProvenMeasurement, verifyProvenance } from './verify-provenance.ts'
