/** The signature in an enclave image: whose certificate PCR8 holds, and that its key signed this PCR0. @module */
import { MalformedError } from '../../../errors.ts'
import { decodeCoseAlgorithm, decodeCoseSign1, encodeSigStructure } from '../../cose/index.ts'
import { type SignatureAlgorithm, sha384, verifySignature } from '../../crypto/index.ts'
import { decodeHex, sameBytes } from '../../encoding/bytes.ts'
import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../../encoding/cbor.ts'
import { decodePem } from '../../encoding/pem.ts'
import { decodeUtf8 } from '../../encoding/utf8.ts'
import { type Certificate, checkRawEcdsaSignature, decodeCertificate, decodeKeyKind } from '../../x509/index.ts'
import { extendedOnce } from './registers.ts'

export interface EifSignature {
  /** What PCR8 of the enclave holds. */
  readonly pcr8: string
  readonly algorithm: 'ES256' | 'ES384'
  /** DER. Nobody vouches for it but itself: a policy pins PCR8. */
  readonly certificate: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

/** By COSE's number (RFC 9053, 2.1) and the curve that goes with it; the builder takes P-521 too, which nothing here verifies. */
const ALGORITHMS: ReadonlyMap<number, { readonly algorithm: EifSignature['algorithm']; readonly key: string }> =
  new Map([
    [-7, { algorithm: 'ES256', key: 'P-256' }],
    [-35, { algorithm: 'ES384', key: 'P-384' }],
  ])
/** Index and value of a register, written octet by octet. */
const MAX_PAYLOAD = 1024

/** Where the section's payload stands, and its octets, which are the giver's. */
export interface SignatureSection {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * ```
 * [ { "signing_certificate": PEM, "signature": COSE_Sign1 over { "register_index": 0, "register_value": PCR0 } } ]
 * ```
 * Octets are byte strings or, as Rust's serde writes them, arrays of integers.
 *
 * PCR8 of an image whose signature does not verify would name a signer who never saw it, so that such an image is refused.
 * @param pcr0 lower-case hex, computed from the image
 * @throws MalformedError EIF_FORMAT, COSE_BAD_SIGNATURE, and the codes of CBOR, COSE, PEM and X.509; each names the section
 */
export async function verifyEifSignature({ offset, bytes }: SignatureSection, pcr0: string): Promise<EifSignature> {
  try {
    const { pem, envelope } = decodeSignatureSection(bytes)
    const certificate = decodeSigningCertificate(pem)
    const algorithm = await verifyEnvelope(envelope, certificate.spki, pcr0)
    const { raw, notBefore, notAfter } = certificate
    return { pcr8: extendedOnce(sha384(raw)), algorithm, certificate: raw, notBefore, notAfter }
  } catch (cause) {
    if (cause instanceof MalformedError)
      throw new MalformedError(cause.failure, `signature at ${offset}: ${cause.message}`, { cause })
    throw cause
  }
}

function refused(what: string): MalformedError {
  return new MalformedError('EIF_FORMAT', what)
}

function decodeSignatureSection(bytes: Uint8Array): { readonly pem: Uint8Array; readonly envelope: Uint8Array } {
  const list = decodeCbor(bytes)
  // Only PCR0 is ever signed, and the field's own reader looks at the first alone: a second one would be signed by nobody knows whom.
  const [entry, ...more] = Array.isArray(list) ? list : []
  if (entry === undefined || more.length > 0) throw refused('not an array of one')
  const [pem, envelope] = readPair(entry, ['signing_certificate', 'signature'])
  return { pem: octetsOf(pem, 'signing_certificate'), envelope: octetsOf(envelope, 'signature') }
}

/** The values of a map of exactly these two keys. */
function readPair(value: CborValue, [first, second]: readonly [string, string]): readonly [CborValue, CborValue] {
  const map: CborMap = isCborMap(value) ? value : new Map()
  const [one, two] = [map.get(first), map.get(second)]
  if (one === undefined || two === undefined || map.size !== 2)
    throw refused(`not a map of ${first} and ${second} alone`)
  return [one, two]
}

function octetsOf(value: CborValue, field: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  const octets = Array.isArray(value) ? value : undefined
  if (octets?.every((octet) => typeof octet === 'number' && octet >= 0 && octet <= 255) !== true)
    throw refused(`${field} is not octets`)
  return Uint8Array.from(octets)
}

function decodeSigningCertificate(pem: Uint8Array): Certificate {
  const [der, ...more] = decodePem(decodeUtf8(pem), 'CERTIFICATE')
  // Which of several is in PCR8 would depend on who reads them.
  if (der === undefined || more.length > 0) throw refused('not one certificate')
  return decodeCertificate(der)
}

async function verifyEnvelope(envelope: Uint8Array, spki: Uint8Array, pcr0: string): Promise<'ES256' | 'ES384'> {
  const sign1 = decodeCoseSign1(envelope, { maxPayloadSize: MAX_PAYLOAD })
  if (sign1.unprotectedParameters !== 0) throw new MalformedError('COSE_ALG', 'parameters that nobody signed')
  const number = decodeCoseAlgorithm(sign1.protectedHeader)
  const known = ALGORITHMS.get(number)
  if (known === undefined) throw new MalformedError('COSE_ALG', `alg ${number}, ES256 and ES384 are known`)
  const kind = decodeKeyKind(spki)
  if (kind !== known.key) throw new MalformedError('COSE_ALG', `${known.algorithm} with a key ${kind}`)
  const algorithm: SignatureAlgorithm = known.algorithm
  const signature = checkRawEcdsaSignature(sign1.signature, known.algorithm)
  if (!(await verifySignature(algorithm, spki, signature, encodeSigStructure(sign1))))
    throw new MalformedError('COSE_BAD_SIGNATURE', "it does not verify under the certificate's key")
  requireSignedRegister(sign1.payload, pcr0)
  return known.algorithm
}

/** A genuine signature over another image's PCR0 must not pass for one over this image. */
function requireSignedRegister(payload: Uint8Array, pcr0: string): void {
  const [index, value] = readPair(decodeCbor(payload), ['register_index', 'register_value'])
  if (index !== 0) throw refused('another register than PCR0 is signed')
  if (!sameBytes(octetsOf(value, 'register_value'), decodeHex(pcr0)))
    throw refused("another PCR0 is signed than this image's")
}
