/** AlgorithmIdentifier of a certificate's signature, with RSASSA-PSS parameters (RFC 4055) spelled out. @module */
import { MalformedError } from '../../errors.ts'
import type { SignatureAlgorithm } from '../crypto/index.ts'
import {
  DER_INTEGER,
  DER_NULL,
  DER_OID,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
  decodeDerOid,
  decodeDerUnsigned,
} from '../encoding/der.ts'
import { OID_ECDSA_SHA256, OID_ECDSA_SHA384, OID_MGF1, OID_RSASSA_PSS, OID_SHA384 } from './oids.ts'

/** RSASSA-PSS-params; algorithms in dotted form, `saltLength` in octets. */
export interface PssParameters {
  readonly hash: string
  readonly mask: string
  readonly maskHash: string
  readonly saltLength: number
  /** DER leaves a default out; AMD writes this one. A profile says whether that passes. */
  readonly trailerField: 'absent' | 'explicit'
}

export interface SignatureScheme {
  readonly oid: string
  /** How to verify it, or `unsupported`. */
  readonly algorithm: Exclude<SignatureAlgorithm, 'Ed25519'> | 'unsupported'
  readonly pss?: PssParameters
}

const SHA1 = '1.3.14.3.2.26'
const PSS_SALT_SHA384 = 48
const PSS_DEFAULTS: PssParameters = {
  hash: SHA1,
  mask: OID_MGF1,
  maskHash: SHA1,
  saltLength: 20,
  trailerField: 'absent',
}

/** @param element the AlgorithmIdentifier SEQUENCE. @throws MalformedError DER_INVALID, X509_MALFORMED */
export function decodeSignatureScheme(element: DerElement): SignatureScheme {
  const { oid, parameters } = readAlgorithm(element)
  if (oid === OID_RSASSA_PSS) {
    if (parameters?.tag !== DER_SEQUENCE) throw malformed('RSASSA-PSS without its parameters')
    const pss = decodePss(parameters)
    const ps384 =
      pss.hash === OID_SHA384 &&
      pss.mask === OID_MGF1 &&
      pss.maskHash === OID_SHA384 &&
      pss.saltLength === PSS_SALT_SHA384
    return { oid, algorithm: ps384 ? 'PS384' : 'unsupported', pss }
  }
  // RFC 5758 3.2: ECDSA identifiers have no parameters at all, not even NULL.
  if (oid === OID_ECDSA_SHA256 && parameters === undefined) return { oid, algorithm: 'ES256' }
  if (oid === OID_ECDSA_SHA384 && parameters === undefined) return { oid, algorithm: 'ES384' }
  return { oid, algorithm: 'unsupported' }
}

function decodePss(parameters: DerElement): PssParameters {
  let pss = PSS_DEFAULTS
  let last = -1
  for (const field of decodeDerElements(parameters.content)) {
    const index = field.tag - 0xa0
    if (index <= last || index > 3) throw malformed('RSASSA-PSS parameters out of order')
    last = index
    pss = { ...pss, ...decodePssField(index, field.content) }
  }
  return pss
}

function decodePssField(index: number, content: Uint8Array): Partial<PssParameters> {
  if (index === 0) return { hash: hashOid(decodeDer(content, DER_SEQUENCE)) }
  if (index === 1) {
    const mask = readAlgorithm(decodeDer(content, DER_SEQUENCE))
    if (mask.parameters === undefined) throw malformed('mask generation without its hash')
    return { mask: mask.oid, maskHash: hashOid(mask.parameters) }
  }
  const value = decodeDerUnsigned(decodeDer(content, DER_INTEGER).content)
  if (index === 2) return { saltLength: value }
  if (value !== 1) throw malformed('unknown RSASSA-PSS trailer')
  return { trailerField: 'explicit' }
}

function hashOid(element: DerElement): string {
  const { oid, parameters } = readAlgorithm(element)
  if (parameters !== undefined && (parameters.tag !== DER_NULL || parameters.content.length !== 0))
    throw malformed('a hash algorithm with parameters')
  return oid
}

function readAlgorithm(element: DerElement): { oid: string; parameters: DerElement | undefined } {
  if (element.tag !== DER_SEQUENCE) throw malformed('an algorithm identifier is not a SEQUENCE')
  const [oid, parameters, ...rest] = decodeDerElements(element.content)
  if (oid?.tag !== DER_OID || rest.length > 0) throw malformed('an algorithm identifier is malformed')
  return { oid: decodeDerOid(oid.content), parameters }
}

function malformed(what: string): MalformedError {
  return new MalformedError('X509_MALFORMED', what)
}
