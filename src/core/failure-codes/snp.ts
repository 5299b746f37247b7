/** Failure codes: AMD SEV-SNP. [what it means, what to do about it]. @module */

export const SNP_CODES = {
  SNP_VERSION: [
    'The report has a length or version that the policy does not list.',
    'List the version in policy, or update the firmware of the host.',
  ],
  SNP_BAD_SIGNATURE: [
    'The report is not signed by the key of the given certificate.',
    'Give the VCEK of this chip and firmware level; else the report was altered.',
  ],
  SNP_SIG_ALG: [
    'The report names another signature algorithm than ECDSA P-384 with SHA-384.',
    'Treat the report as forged.',
  ],
  SNP_SIG_PADDING: ['Padding of the signature is not zero.', 'Treat the report as altered.'],
  SNP_PRODUCT_MISMATCH: [
    'Certificate and report name different products.',
    'Fetch the chain of the product that the report names.',
  ],
  SNP_DEBUG_ALLOWED: [
    'The guest may be debugged: the host can read its memory.',
    'Launch the guest without the debug bit. This is never negotiable.',
  ],
  SNP_MIGRATION_ALLOWED: ['A migration agent may move the guest.', 'Launch the guest without a migration agent.'],
  SNP_SMT: [
    'Policy forbids simultaneous multithreading and the guest allows it.',
    'Launch the guest with SMT forbidden, or relax the policy.',
  ],
  SNP_POLICY_RESERVED: ['Reserved bits of the guest policy are wrong.', 'Treat the report as forged, or update.'],
  SNP_POLICY_WEAK: [
    'The guest policy lacks a protection that the profile asks for.',
    'Launch the guest with the protection that the detail names.',
  ],
  SNP_PLATFORM_INFO: [
    'The platform lacks a protection that policy asks for.',
    'Choose a host with it (the alias check needs current firmware).',
  ],
  SNP_TCB_CERT_MISMATCH: ['Firmware levels of certificate and report differ.', 'Fetch the VCEK for the reported TCB.'],
  SNP_TCB_TOO_OLD: ['A firmware component is older than the policy minimum.', 'Update the host, or choose another.'],
  SNP_TCB_PROVISIONAL: [
    'The host runs firmware that it has not committed to.',
    'Commit the firmware on the host, or allow provisional firmware.',
  ],
  SNP_CHIP_MISMATCH: ['Certificate and report belong to different chips.', 'Fetch the VCEK of this chip.'],
  SNP_SIGNER_KIND: [
    'The report is signed by a kind of key that policy does not allow.',
    'Allow this kind of key, or choose another host.',
  ],
  SNP_VMPL: ['The report was asked for from another privilege level.', 'Ask from the level that the policy expects.'],
  SNP_HOSTDATA: ['HOST_DATA is not the value that policy pins.', 'Launch the guest with the pinned value.'],
  SNP_IDKEY: ['The ID block is not signed by the key that policy pins.', 'Launch the guest with the pinned ID block.'],
  SNP_GUEST_SVN: ['The guest security version is below the policy minimum.', 'Launch a newer image.'],
  SNP_REPORT_ID: [
    'The guest, or its migration agent, is not one that policy names.',
    'Ask the guest that is pinned, or pin this one on purpose.',
  ],
  SNP_MITIGATION: ['The platform lacks a mitigation that policy asks for.', 'Update the host.'],
} as const
