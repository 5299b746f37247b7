/** What a platform's certificate paths may look like. Nothing in a profile is optional: each platform says it all. @module */
import type { SignatureAlgorithm } from '../crypto/index.ts'
import { OID_BASIC_CONSTRAINTS, OID_KEY_USAGE } from './oids.ts'
import type { KeyKind } from './public-key.ts'

export interface PathProfile {
  /** For messages. */
  readonly name: string
  /** Certificates in a path, leaf and root included. */
  readonly minLength: number
  readonly maxLength: number
  /** Certificates between leaf and root that do not issue themselves: what RFC 5280, 6.1.1, calls the initial path length. */
  readonly maxIntermediates: number
  /** Octets of one certificate, and of all together. */
  readonly maxCertificateSize: number
  readonly maxPathSize: number
  /** Every certificate is signed with one of these. */
  readonly algorithms: readonly Exclude<SignatureAlgorithm, 'Ed25519'>[]
  /** Whether RSASSA-PSS parameters may spell the default trailer, against DER. */
  readonly explicitTrailerField: 'allowed' | 'refused'
  readonly leafKeys: readonly KeyKind[]
  readonly issuerKeys: readonly KeyKind[]
  /** Whether the leaf's serial number may be zero, against RFC 5280. */
  readonly leafSerialZero: 'allowed' | 'refused'
  /** Whether the leaf may leave keyUsage out. Where present it must hold digitalSignature, and never keyCertSign. */
  readonly leafKeyUsage: 'required' | 'optional'
  /**
   * extKeyUsage: no vendor writes one, so that whoever has one was made for something else. `purpose` is an OID that each certificate
   * below the root which has the extension must name; `leaf` says whether the leaf must have it.
   */
  readonly extendedKeyUsage: 'refused' | { readonly purpose: string; readonly leaf: 'required' | 'optional' }
  /** Whether every certificate must identify its issuer's key. Where identifiers are, they must fit. */
  readonly keyIdentifiers: 'required' | 'where-present'
  /** Critical extensions that are understood; any other critical one is refused. */
  readonly criticalExtensions: readonly string[]
  /** Which certificates need a revocation list where lists are checked: all but the root, only those between leaf and root, or none. */
  readonly revocable: 'leaf-and-issuers' | 'issuers' | 'none'
}

/**
 * ARK, ASK, VCEK: specs/sev-snp.md section 7. AMD's oddities (serial 0, VCEK without key usage or basic constraints, an
 * explicit trailer field) are allowed here and nowhere else.
 */
export const AMD_PROFILE: PathProfile = {
  name: 'AMD',
  minLength: 3,
  maxLength: 3,
  maxIntermediates: 1,
  maxCertificateSize: 8192,
  maxPathSize: 3 * 8192,
  algorithms: ['PS384'],
  explicitTrailerField: 'allowed',
  leafKeys: ['P-384'],
  issuerKeys: ['RSA-4096'],
  leafSerialZero: 'allowed',
  leafKeyUsage: 'optional',
  extendedKeyUsage: 'refused',
  // A VCEK identifies no key at all.
  keyIdentifiers: 'where-present',
  criticalExtensions: [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE],
  // AMD supersedes a VCEK by a newer firmware level and does not revoke it; its lists name ASK and ASVK.
  revocable: 'issuers',
}

const INTEL = {
  maxCertificateSize: 8192,
  maxPathSize: 3 * 8192,
  algorithms: ['ES256'],
  explicitTrailerField: 'refused',
  leafKeys: ['P-256'],
  issuerKeys: ['P-256'],
  leafSerialZero: 'refused',
  leafKeyUsage: 'required',
  extendedKeyUsage: 'refused',
  keyIdentifiers: 'required',
  criticalExtensions: [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE],
  revocable: 'leaf-and-issuers',
} as const

/** PCK certificate, Platform or Processor CA, root: specs/tdx.md section 5. */
export const INTEL_PCK_PROFILE: PathProfile = {
  name: 'Intel PCK',
  minLength: 3,
  maxLength: 3,
  maxIntermediates: 1,
  ...INTEL,
}

/** TCB signing certificate, root: specs/tdx.md section 6. */
export const INTEL_SIGNING_PROFILE: PathProfile = {
  name: 'Intel TCB signing',
  minLength: 2,
  maxLength: 2,
  maxIntermediates: 0,
  ...INTEL,
}

/** Enclave, instance, zonal and regional certificate, root: specs/nitro.md section 3. AWS says that lists must not be consulted. */
export const NITRO_PROFILE: PathProfile = {
  name: 'AWS Nitro',
  minLength: 2,
  maxLength: 6,
  maxIntermediates: 4,
  // AWS NSM attestation process, 3.2.2.2: each certificate has 1 to 1024 octets.
  maxCertificateSize: 1024,
  maxPathSize: 6 * 1024,
  algorithms: ['ES384'],
  explicitTrailerField: 'refused',
  leafKeys: ['P-384'],
  issuerKeys: ['P-384'],
  leafSerialZero: 'refused',
  leafKeyUsage: 'required',
  extendedKeyUsage: 'refused',
  // Enclave certificates, and those of some instances, identify no key.
  keyIdentifiers: 'where-present',
  criticalExtensions: [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE],
  revocable: 'none',
}
