/** SubjectPublicKeyInfo: which kind of key it is, and that it is one. Key material only, no use of it. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import {
  DER_BIT_STRING,
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
import { type Curve, P256, P384 } from './curves.ts'
import { OID_EC_PUBLIC_KEY, OID_P256, OID_P384, OID_RSA_ENCRYPTION } from './oids.ts'

/** `RSA-<bits>` with exponent 65537, or a point on a named curve. */
export type KeyKind = `RSA-${number}` | 'P-256' | 'P-384'

const RSA_EXPONENT = 65537
const UNCOMPRESSED = 0x04

/**
 * @returns the kind of a well-formed key
 * @throws MalformedError X509_BAD_KEY when it is malformed, off its curve, at infinity or has explicit curve parameters;
 *   X509_ALG_FORBIDDEN when no platform of ours uses its algorithm or curve
 */
export function decodeKeyKind(spki: Uint8Array): KeyKind {
  const [algorithm, bits, ...rest] = elements(spki)
  if (algorithm?.tag !== DER_SEQUENCE || bits?.tag !== DER_BIT_STRING || bits.content[0] !== 0 || rest.length > 0)
    throw bad('a public key is malformed')
  const [oid, parameters, ...more] = decodeDerElements(algorithm.content)
  if (oid?.tag !== DER_OID || more.length > 0) throw bad('a key algorithm is malformed')
  const name = decodeDerOid(oid.content)
  const key = bits.content.subarray(1)
  if (name === OID_RSA_ENCRYPTION) return rsaKind(key, parameters)
  if (name === OID_EC_PUBLIC_KEY) return ecKind(key, parameters)
  throw new MalformedError('X509_ALG_FORBIDDEN', `key algorithm ${name}`)
}

function rsaKind(key: Uint8Array, parameters: DerElement | undefined): KeyKind {
  if (parameters?.tag !== DER_NULL || parameters.content.length !== 0) throw bad('RSA key parameters are not NULL')
  const [modulus, exponent, ...rest] = elements(key)
  if (modulus?.tag !== DER_INTEGER || exponent?.tag !== DER_INTEGER || rest.length > 0)
    throw bad('an RSA key is malformed')
  const [first, second = 0] = modulus.content
  if (first === undefined || first >= 0x80 || (first === 0 && second < 0x80)) throw bad('an RSA modulus is malformed')
  if (decodeDerUnsigned(exponent.content.slice(0, 5)) !== RSA_EXPONENT || exponent.content.length > 5)
    throw bad('an RSA exponent is not 65537')
  const leading = first === 0 ? second : first
  const octets = modulus.content.length - (first === 0 ? 1 : 0)
  return `RSA-${8 * (octets - 1) + (32 - Math.clz32(leading))}`
}

function ecKind(key: Uint8Array, parameters: DerElement | undefined): KeyKind {
  // Explicit parameters let an attacker bring a generator of his own (CVE-2020-0601): only names are read.
  if (parameters?.tag !== DER_OID) throw bad('an EC key does not name its curve')
  const curve = decodeDerOid(parameters.content)
  if (curve === OID_P256) return onCurve(key, P256, 'P-256')
  if (curve === OID_P384) return onCurve(key, P384, 'P-384')
  throw new MalformedError('X509_ALG_FORBIDDEN', `curve ${curve}`)
}

/** Uncompressed points alone; infinity is one octet and falls out by its length. SEC 1, 2.3.4 and 3.2.2. */
function onCurve(key: Uint8Array, { p, b, size }: Curve, kind: KeyKind): KeyKind {
  if (key[0] !== UNCOMPRESSED || key.length !== 1 + 2 * size) throw bad(`a ${kind} key is not an uncompressed point`)
  const x = toInteger(key.subarray(1, 1 + size))
  const y = toInteger(key.subarray(1 + size))
  if (x >= p || y >= p || (y * y - (x * x * x - 3n * x + b)) % p !== 0n) throw bad(`a ${kind} key is not on its curve`)
  return kind
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(bytes)}`)
}

function elements(bytes: Uint8Array): readonly DerElement[] {
  return decodeDerElements(decodeDer(bytes, DER_SEQUENCE).content)
}

function bad(what: string): MalformedError {
  return new MalformedError('X509_BAD_KEY', what)
}
