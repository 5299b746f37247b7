/** AMD SEV-SNP: reports, their certificates, and the judgement over both. @module */
export {
  decodeCertificateTable,
  encodeCertificateTable,
  SNP_CERTIFICATE_GUIDS,
} from './certificate-table.ts'
export { SNP_CHECKS, type SnpCheck } from './checks.ts'
export { decodeSnpPolicy } from './decode-policy.ts'
export {
  decodeEndorsementKey,
  type EndorsementKey,
  OID_CSP_ID,
  OID_HWID,
  OID_PRODUCT_NAME,
  OID_STRUCT_VERSION,
  splArcs,
  splOid,
} from './endorsement-key.ts'
export {
  decodeSnpEndorsements,
  encodeSnpEndorsements,
  endorsementPath,
  type SnpEndorsements,
  type SnpSignerKind,
  type VcekEndorsements,
  type VlekEndorsements,
} from './endorsements.ts'
export { decodeGuestPolicy } from './guest-policy.ts'
export { decodePlatformInfo } from './platform-info.ts'
export type { SnpPolicy } from './policy.ts'
export { productOfCpuid, SNP_PRODUCTS, type SnpProduct } from './product.ts'
export { CLOUD_SNP_POLICY, type SnpProfileName, STRICT_SNP_POLICY, snpPolicyOf } from './profiles.ts'
export {
  decodeSnpReport,
  encodeSnpReport,
  SNP_REPORT_SIZE,
  SNP_SIGNED_SIZE,
  type SnpReport,
} from './report.ts'
export { createSnpRoots } from './roots.ts'
export { decodeTcb, encodeTcb, formatTcb, type Tcb } from './tcb.ts'
export { type SnpAttestation, type SnpExpectations, verifySnpReport } from './verify.ts'
