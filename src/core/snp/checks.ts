/** The checks of an SEV-SNP verdict in the order in which they are made and shown, each with the section that asks for it. @module */

const REPORT = 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT'
const GUEST_POLICY = 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy'
const PLATFORM_INFO = 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, PLATFORM_INFO'
const TCB = 'AMD 56860 SEV-SNP Firmware ABI, TCB_VERSION'
const ID_BLOCK = 'AMD 56860 SEV-SNP Firmware ABI, ID Block and ID Authentication Information'
const CERTIFICATE = 'AMD 57230 VCEK Certificate and KDS Interface, certificate extensions'

export const SNP_CHECKS = {
  limits: 'AMD 56421 GHCB, MSG_REPORT_REQ',
  report: REPORT,
  'report-version': `${REPORT}, VERSION`,
  'signature-algorithm': `${REPORT}, SIGNATURE_ALGO`,
  'signer-kind': `${REPORT}, KEY_INFO`,
  chain: 'RFC 5280, 6.1; AMD 57230 VCEK Certificate and KDS Interface, certificate chain',
  revocation: 'RFC 5280, 6.3; AMD 57230 VCEK Certificate and KDS Interface, CRL',
  endorsement: CERTIFICATE,
  signature: `${REPORT}, SIGNATURE`,
  product: `${REPORT}, CPUID_FAM_ID; ${CERTIFICATE}, productName`,
  'product-allowed': 'policy.snp.products',
  'product-denied': 'policy.snp.deniedProducts',
  'tcb-certificate': `${REPORT}, REPORTED_TCB; ${CERTIFICATE}, SPLs`,
  chip: `${REPORT}, CHIP_ID; ${CERTIFICATE}, hwID`,
  'chip-allowed': 'policy.snp.chipIds',
  'chip-denied': 'policy.snp.deniedChipIds',
  provider: `${CERTIFICATE}, cspID`,
  'report-data': `${REPORT}, REPORT_DATA`,
  debug: `${GUEST_POLICY}, DEBUG`,
  migration: `${GUEST_POLICY}, MIGRATE_MA`,
  'policy-reserved': `${GUEST_POLICY}, reserved bits`,
  smt: `${GUEST_POLICY}, SMT`,
  abi: `${GUEST_POLICY}, ABI_MAJOR and ABI_MINOR`,
  'guest-protections': GUEST_POLICY,
  vmpl: `${REPORT}, VMPL`,
  'platform-info': PLATFORM_INFO,
  'platform-bits': PLATFORM_INFO,
  'platform-agrees': `${GUEST_POLICY}; PLATFORM_INFO`,
  'tcb-levels': TCB,
  'tcb-provisional': 'AMD 56860 SEV-SNP Firmware ABI, SNP_COMMIT',
  'tcb-minimum': `${TCB}; policy.snp.minimumTcb`,
  'tcb-launch': `${TCB}; policy.snp.minimumLaunchTcb`,
  'tcb-committed': `${TCB}; policy.snp.minimumCommittedTcb`,
  'firmware-minimum': `${REPORT}, CURRENT_MAJOR, CURRENT_MINOR and CURRENT_BUILD`,
  'firmware-committed': `${REPORT}, COMMITTED_MAJOR, COMMITTED_MINOR and COMMITTED_BUILD`,
  'launch-mitigations': `${REPORT}, LAUNCH_MIT_VECTOR`,
  'current-mitigations': `${REPORT}, CURRENT_MIT_VECTOR`,
  measurement: `${REPORT}, MEASUREMENT`,
  'host-data': `${REPORT}, HOST_DATA`,
  'id-block': ID_BLOCK,
  'author-key': `${REPORT}, KEY_INFO, AUTHOR_KEY_EN`,
  'guest-svn': `${REPORT}, GUEST_SVN`,
  'report-id': `${REPORT}, REPORT_ID and REPORT_ID_MA`,
} as const

export type SnpCheck = keyof typeof SNP_CHECKS
