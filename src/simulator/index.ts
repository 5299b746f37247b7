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
  createSimulatedNitro,
  SIMULATED_NITRO_MEASUREMENTS,
  type SimulatedNitro,
  type SimulatedNitroOptions,
} from './nitro.ts'
export type { EnvelopeParts, NitroFields, NitroShapes, OptionalNitroField, PayloadEntry } from './nitro-document.ts'
export {
  createSimulatedNitroKeys,
  createSimulatedNitroPki,
  exportNitroPki,
  importNitroPki,
  issueNitroChain,
  type NitroChain,
  type NitroLevel,
  type NitroSubject,
  type SimulatedNitroKeys,
  type SimulatedNitroPki,
  type SimulatedNitroPkiOptions,
  simulatedNitroName,
} from './nitro-pki.ts'
export {
  createSimulatedKeys,
  createSimulatedPki,
  exportPki,
  importPki,
  issueSnpCrl,
  type SimulatedKeys,
  type SimulatedPki,
  type SimulatedPkiOptions,
  type SnpCrlSubject,
  simulatedName,
} from './pki.ts'
export {
  createSimulatedSnp,
  SIMULATED_MEASUREMENT,
  type SimulatedFields,
  type SimulatedSnp,
  type SimulatedSnpOptions,
} from './snp.ts'
export {
  createSimulatedTdx,
  SIMULATED_TDX_MEASUREMENTS,
  type SimulatedTdx,
  type SimulatedTdxMeasurements,
  type SimulatedTdxOptions,
  type TdxQuoteFields,
} from './tdx.ts'
export { createSimulatedCollateral, type SimulatedCollateralOptions, signDocument } from './tdx-collateral.ts'
export {
  createSimulatedTdxKeys,
  createSimulatedTdxPki,
  exportTdxPki,
  importTdxPki,
  type SimulatedTdxKeys,
  type SimulatedTdxPki,
  type SimulatedTdxPkiOptions,
} from './tdx-pki.ts'
export { issueVcek, issueVlek, type VcekSubject, type VlekSubject, wrapHwId } from './vek.ts'
