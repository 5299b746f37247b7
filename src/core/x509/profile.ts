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
  /** Critical extensions that are understood; any other critical one is refused. */
  readonly criticalExtensions: readonly string[]
}

/**
 * ARK, ASK, VCEK: specs/sev-snp.md section 7. AMD's oddities (serial 0, VCEK without key usage or basic constraints, an
 * explicit trailer field) are allowed here and nowhere else.
 */
export const AMD_PROFILE: PathProfile = {
  name: 'AMD',
  minLength: 3,
  maxLength: 3,
  maxCertificateSize: 8192,
  maxPathSize: 3 * 8192,
  algorithms: ['PS384'],
  explicitTrailerField: 'allowed',
  leafKeys: ['P-384'],
  issuerKeys: ['RSA-4096'],
  leafSerialZero: 'allowed',
  leafKeyUsage: 'optional',
  criticalExtensions: [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE],
}
