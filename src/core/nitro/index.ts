/** AWS Nitro: attestation documents of enclaves and of NitroTPM, and the judgement over them. @module */
export type { ExpectedField } from './binding.ts'
export { NITRO_CHECKS } from './checks.ts'
export { decodeNitroDocument } from './document.ts'
export { decodeNitroPayload, NITRO_KINDS, type NitroDocument, type NitroKind } from './payload.ts'
export { decodeNitroPolicy, type NitroPolicy, type RegisterPins } from './policy.ts'
export { nitroPolicyOf, STRICT_NITRO_POLICY } from './profiles.ts'
export {
  CONFIGURATION_REGISTER,
  decodeNitroMeasurements,
  type NitroMeasurements,
  nitroConfigurationRegister,
  nitroMeasurements,
} from './registers.ts'
export { AWS_NITRO_ROOT_G1, createNitroRoots } from './roots.ts'
export {
  type NitroAttestation,
  type NitroEvidence,
  type NitroExpectations,
  verifyNitroDocument,
} from './verify.ts'
