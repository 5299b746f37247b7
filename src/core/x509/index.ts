/** Certificates and their paths. @module */
export { type Certificate, decodeCertificate } from './certificate.ts'
export { decodeEcdsaSignature } from './ecdsa-signature.ts'
export { verifyPath } from './path.ts'
export { AMD_PROFILE, type PathProfile } from './profile.ts'
export { decodeKeyKind } from './public-key.ts'
