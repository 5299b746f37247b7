/** Intel TDX: quotes, Intel's collateral, and the judgement over both. @module */
export {
  decodePckChain,
  type QuoteSignatureData,
} from './certification-data.ts'
export { TDX_CHECKS, type TdxCheck } from './checks.ts'
export type { SignedDocument, TdxCollateral } from './collateral.ts'
export { type TdxMeasurements, tdxMeasurements } from './measurements.ts'
export { decodePckExtension, OID_PCK_EXTENSION, type PckExtension } from './pck.ts'
export { decodePcsDocument } from './pcs-document.ts'
export { decodeTdxPolicy, type TdxPolicy } from './policy.ts'
export { STRICT_TDX_POLICY, tdxPolicyOf } from './profiles.ts'
export { decodeQeIdentity, type QeIdentity } from './qe-identity.ts'
export { decodeQeReport, encodeQeReport, type QeReport } from './qe-report.ts'
export {
  decodeTdxQuote,
  encodeTdxQuote,
  encodeTdxSigned,
  INTEL_QE_VENDOR_ID,
  type TdxQuote,
  type TdxQuoteVersion,
  tdxSignedSize,
  trimTdxQuote,
} from './quote.ts'
export { createTdxRoots } from './roots.ts'
export type { MatchedLevel, TcbPass, TdxTcb } from './tcb.ts'
export { decodeTcbInfo, type TcbInfo } from './tcb-info.ts'
export { ACCEPTABLE_TCB_STATUSES, type TcbStatus } from './tcb-status.ts'
export { decodeTdAttributes, type TdAttributeName, type TdAttributes } from './td-attributes.ts'
export type { TdBodyType, TdReport } from './td-report.ts'
export {
  type TdxAttestation,
  type TdxEvidence,
  type TdxExpectations,
  verifyTdxQuote,
} from './verify.ts'
