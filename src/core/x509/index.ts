/** Certificates and their paths. @module */
export { type Certificate, decodeCertificate } from './certificate.ts'
export { type Crl, decodeCrl, type RevokedCertificate } from './crl.ts'
export { checkRawEcdsaSignature, decodeEcdsaSignature } from './ecdsa-signature.ts'
export { type PathOptions, type PathResult, type Revocation, verifyPath } from './path.ts'
export {
  AMD_PROFILE,
  INTEL_PCK_PROFILE,
  INTEL_SIGNING_PROFILE,
  NITRO_PROFILE,
  type PathProfile,
} from './profile.ts'
export { decodeKeyKind } from './public-key.ts'
export { type CrlNumberResult, matchCrlNumber } from './revocation.ts'
export { type RootSelection, selectRoots, type TrustedRoots } from './roots.ts'
