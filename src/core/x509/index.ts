/** Certificates and their paths. @module */
export { type Certificate, decodeCertificate } from './certificate.ts'
export { decodeEcdsaSignature } from './ecdsa-signature.ts'
export type { BasicConstraints, CertificateExtension, KeyUsage } from './extensions.ts'
export type { DistinguishedName } from './name.ts'
export { type PathOptions, type PathResult, verifyPath } from './path.ts'
export { AMD_PROFILE, type PathProfile } from './profile.ts'
export { decodeKeyKind, type KeyKind } from './public-key.ts'
export type { PssParameters, SignatureScheme } from './signature-scheme.ts'
