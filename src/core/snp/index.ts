/** AMD SEV-SNP: reports, their certificates, and the judgement over both. @module */
export {
  decodeCertificateTable,
  decodeSnpEndorsements,
  encodeCertificateTable,
  encodeSnpEndorsements,
  SNP_CERTIFICATE_GUIDS,
  type SnpEndorsements,
} from './certificate-table.ts'
export { SNP_CHECKS } from './checks.ts'
export { decodeGuestPolicy } from './guest-policy.ts'
export { decodePlatformInfo } from './platform-info.ts'
export { decodeSnpPolicy, type SnpPolicy } from './policy.ts'
export { productOfCpuid, SNP_PRODUCTS, type SnpProduct } from './product.ts'
export {
  decodeSnpReport,
  encodeSnpReport,
  SNP_REPORT_SIZE,
  SNP_SIGNED_SIZE,
  type SnpReport,
} from './report.ts'
export { createSnpRoots } from './roots.ts'
export { decodeTcb, encodeTcb, formatTcb, type Tcb } from './tcb.ts'
export {
  decodeVcek,
  OID_CSP_ID,
  OID_HWID,
  OID_PRODUCT_NAME,
  OID_STRUCT_VERSION,
  splArcs,
  splOid,
} from './vcek.ts'
export { type SnpAttestation, type SnpExpectations, verifySnpReport } from './verify.ts'
