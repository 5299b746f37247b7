/** "./simulator": a software TEE for tests, demos and development on any machine. Its evidence never passes for hardware. @module */
export type { Fault, Faults, SimulatedQuoter, Throttle } from './device.ts'
export {
  algorithmOf,
  authorityKeyId,
  type CertificateTemplate,
  caConstraints,
  crlDistributionPoint,
  type ExtensionTemplate,
  issueCertificate,
  keyIdOf,
  keyUsage,
  leafConstraints,
  type NameTemplate,
  type SchemeName,
  type Shape,
  spkiOf,
  subjectKeyId,
} from './issue-certificate.ts'
export { type CrlTemplate, crlNumber, issueCrl, type RevokedTemplate } from './issue-crl.ts'
export {
  createSimulatedKeys,
  createSimulatedPki,
  exportPki,
  importPki,
  issueVcek,
  type SimulatedKeys,
  type SimulatedPki,
  type SimulatedPkiOptions,
  simulatedName,
  type VcekSubject,
  wrapHwId,
} from './pki.ts'
export {
  createSimulatedSnp,
  SIMULATED_MEASUREMENT,
  type SimulatedFields,
  type SimulatedSnp,
  type SimulatedSnpOptions,
} from './snp.ts'
