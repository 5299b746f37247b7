/** AMD SEV-SNP: reports, their certificates, and the judgement over both. @module */
export {
  type CertificateTableEntry,
  decodeCertificateTable,
  decodeSnpEndorsements,
  encodeCertificateTable,
  encodeSnpEndorsements,
  SNP_CERTIFICATE_GUIDS,
  type SnpEndorsements,
} from './certificate-table.ts'
export { SNP_CHECKS, type SnpCheck } from './checks.ts'
export { decodeGuestPolicy, type GuestPolicy } from './guest-policy.ts'
export { decodePlatformInfo, type PlatformInfo } from './platform-info.ts'
export { type Demand, decodeSnpPolicy, type SnpPolicy, type TcbFloors } from './policy.ts'
export { type Cpuid, productOfCpuid, SNP_PRODUCTS, type SnpProduct } from './product.ts'
export {
  decodeSnpReport,
  encodeSnpReport,
  type FirmwareVersion,
  type KeyInfo,
  SNP_REPORT_SIZE,
  SNP_REPORT_VERSIONS,
  SNP_SIGNED_SIZE,
  type SnpReport,
  type SnpReportVersion,
} from './report.ts'
export { AMD_ROOT_KEYS, createSnpRoots, type SnpRoots, type SnpRootsOptions } from './roots.ts'
export { decodeTcb, encodeTcb, formatTcb, type Tcb, type TcbComponent } from './tcb.ts'
export {
  decodeVcek,
  OID_CSP_ID,
  OID_HWID,
  OID_PRODUCT_NAME,
  OID_STRUCT_VERSION,
  splArcs,
  splOid,
  type Vcek,
} from './vcek.ts'
export { type SnpAttestation, type SnpEvidence, type SnpExpectations, verifySnpReport } from './verify.ts'
