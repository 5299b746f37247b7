/** The checks of a Nitro verdict, in the order in which they are made and shown, each with the section that asks for it. @module */

export const NITRO_CHECKS = {
  limits: 'AWS NSM attestation process, 3.1',
  envelope: 'RFC 9052, 4.2',
  algorithm: 'AWS NSM attestation process, 3.1',
  'signature-form': 'RFC 9053, 2.1',
  document: 'AWS NSM attestation process, 3.2.2',
  kind: 'EC2 User Guide, NitroTPM Attestation Document contents',
  chain: 'AWS NSM attestation process, 3.2.3',
  signature: 'RFC 9052, 4.4',
  header: 'RFC 8949, 4.2.1',
  module: 'AWS NSM attestation process, 3.2.2.2',
  'user-data': 'AWS NSM attestation process, 2.2.2',
  nonce: 'AWS NSM attestation process, 2.2.2',
  'public-key': 'AWS NSM attestation process, 2.2.2',
  timestamp: 'AWS NSM attestation process, 3.2.2.2',
  age: 'AWS NSM attestation process, 2.2.2',
  debug: 'Nitro Enclaves User Guide, Cryptographic attestation',
  measurement: "Nitro Enclaves User Guide, Where to get an enclave's measurements",
  registers: "Nitro Enclaves User Guide, Where to get an enclave's measurements",
  revocation: 'AWS NSM attestation process, 3.2.4',
} as const

export type NitroCheck = keyof typeof NITRO_CHECKS
