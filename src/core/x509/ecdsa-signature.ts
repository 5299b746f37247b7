/** ECDSA signatures in their two forms, the DER of X.509 and the r || s of COSE and of Intel, with r and s in range. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { DER_INTEGER, DER_SEQUENCE, type DerElement, decodeDer, decodeDerElements } from '../encoding/der.ts'
import { type Curve, P256, P384 } from './curves.ts'

const CURVES = { ES256: P256, ES384: P384 } as const

/**
 * @param der SEQUENCE of two INTEGERs, in DER
 * @returns r || s, each as long as the curve's order
 * @throws MalformedError SIG_MALFORMED: not DER, r or s zero, negative or not below the order
 */
export function decodeEcdsaSignature(der: Uint8Array, algorithm: 'ES256' | 'ES384'): Uint8Array {
  const curve = CURVES[algorithm]
  try {
    const [r, s, ...rest] = decodeDerElements(decodeDer(der, DER_SEQUENCE).content)
    if (!r || !s || rest.length > 0) throw malformed('not two integers')
    const out = new Uint8Array(2 * curve.size)
    writeScalar(out.subarray(0, curve.size), r, curve)
    writeScalar(out.subarray(curve.size), s, curve)
    return out
  } catch (cause) {
    if (cause instanceof MalformedError && cause.failure !== 'SIG_MALFORMED') throw malformed('not DER', cause)
    throw cause
  }
}

function writeScalar(out: Uint8Array, { tag, content }: DerElement, { n, size }: Curve): void {
  const [first = 0x80, second = 0x80] = content
  const minimal = first !== 0 || content.length === 1 || second >= 0x80
  if (tag !== DER_INTEGER || first >= 0x80 || !minimal || content.length > size + 1)
    throw malformed('a scalar is not DER')
  requireRange(content, n)
  const digits = first === 0 ? content.subarray(1) : content
  out.set(digits, size - digits.length)
}

/**
 * Holds r || s to the range of its curve: a library may pass over a zero, and one signature must not have two spellings.
 * @param raw r || s, big-endian, each as long as the curve's order
 * @returns the same octets
 * @throws MalformedError SIG_MALFORMED: another length (DER too), r or s zero or not below the order
 */
export function checkRawEcdsaSignature(raw: Uint8Array, algorithm: 'ES256' | 'ES384'): Uint8Array {
  const { n, size } = CURVES[algorithm]
  if (raw.length !== 2 * size) throw malformed(`${raw.length} octets, not ${2 * size}`)
  requireRange(raw.subarray(0, size), n)
  requireRange(raw.subarray(size), n)
  return raw
}

function requireRange(scalar: Uint8Array, n: bigint): void {
  const value = BigInt(`0x${encodeHex(scalar)}`)
  if (value === 0n || value >= n) throw malformed('a scalar is out of range')
}

function malformed(what: string, cause?: unknown): MalformedError {
  return new MalformedError('SIG_MALFORMED', `ECDSA signature: ${what}`, { cause })
}
