/** The checks of an SEV-SNP verdict in the order in which they are made and shown, each with the section that asks for it. @module */

export const SNP_CHECKS = {
  limits: 'AMD 56421 GHCB, MSG_REPORT_REQ',
  report: 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT',
  'report-version': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, VERSION',
  'signature-algorithm': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, SIGNATURE_ALGO',
  'signer-kind': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, KEY_INFO',
  chain: 'RFC 5280, 6.1; AMD 57230 VCEK specification, certificate chain',
  revocation: 'RFC 5280, 6.3; AMD 57230 VCEK specification, CRL',
  endorsement: 'AMD 57230 VCEK specification',
  signature: 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, SIGNATURE',
  product:
    'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, CPUID_FAM_ID; AMD 57230 VCEK specification, productName',
  'product-allowed': 'policy.snp.products',
  'product-denied': 'policy.snp.deniedProducts',
  'tcb-certificate':
    'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, REPORTED_TCB; AMD 57230 VCEK specification, SPLs',
  chip: 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, CHIP_ID; AMD 57230 VCEK specification, hwID',
  'chip-allowed': 'policy.snp.chipIds',
  'chip-denied': 'policy.snp.deniedChipIds',
  provider: 'AMD 57230 VCEK specification, cspID',
  'report-data': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, REPORT_DATA',
  debug: 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy, DEBUG',
  migration: 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy, MIGRATE_MA',
  'policy-reserved': 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy, reserved bits',
  smt: 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy, SMT',
  abi: 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy, ABI_MAJOR and ABI_MINOR',
  'guest-protections': 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy',
  vmpl: 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, VMPL',
  'platform-info': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, PLATFORM_INFO',
  'platform-bits': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, PLATFORM_INFO',
  'platform-agrees': 'AMD 56860 SEV-SNP Firmware ABI, Guest Policy; PLATFORM_INFO',
  'tcb-levels': 'AMD 56860 SEV-SNP Firmware ABI, TCB_VERSION',
  'tcb-provisional': 'AMD 56860 SEV-SNP Firmware ABI, SNP_COMMIT',
  'tcb-minimum': 'AMD 56860 SEV-SNP Firmware ABI, TCB_VERSION; policy.snp.minimumTcb',
  'tcb-launch': 'AMD 56860 SEV-SNP Firmware ABI, TCB_VERSION; policy.snp.minimumLaunchTcb',
  'tcb-committed': 'AMD 56860 SEV-SNP Firmware ABI, TCB_VERSION; policy.snp.minimumCommittedTcb',
  'firmware-minimum':
    'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, CURRENT_MAJOR, CURRENT_MINOR and CURRENT_BUILD',
  'firmware-committed':
    'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, COMMITTED_MAJOR, COMMITTED_MINOR and COMMITTED_BUILD',
  'launch-mitigations': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, LAUNCH_MIT_VECTOR',
  'current-mitigations': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, CURRENT_MIT_VECTOR',
  measurement: 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, MEASUREMENT',
  'host-data': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, HOST_DATA',
  'id-block': 'AMD 56860 SEV-SNP Firmware ABI, ID Block and ID Authentication Information',
  'author-key': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, KEY_INFO, AUTHOR_KEY_EN',
  'guest-svn': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, GUEST_SVN',
  'report-id': 'AMD 56860 SEV-SNP Firmware ABI, ATTESTATION_REPORT, REPORT_ID and REPORT_ID_MA',
} as const

export type SnpCheck = keyof typeof SNP_CHECKS
