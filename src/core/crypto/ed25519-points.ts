/** The one rule for Ed25519, that of Web Cryptography (Secure Curves, Ed25519, verify): points are canonical and not of small order. @module */
import { sameBytes } from '../encoding/bytes.ts'

const SIZE = 32
/** What stands before the key in a SubjectPublicKeyInfo (RFC 8410). */
export const ED25519_SPKI_PREFIX: Uint8Array = Uint8Array.from([
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
])
const KEY_AT = ED25519_SPKI_PREFIX.length

const PRIME = 2n ** 255n - 19n
const ORDER_EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n

/** y of the points whose order divides 8, little-endian: 0, 1, -1 and the two of order 8. */
const SMALL_ORDER: readonly Uint8Array[] = [0n, 1n, PRIME - 1n, ORDER_EIGHT, PRIME - ORDER_EIGHT].map(littleEndian)

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: SIZE }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
}

/**
 * Libraries differ on keys and signatures that only their owner can make: OpenSSL takes points of small order, under which one signature
 * fits many messages. Who signed what must not depend on where it is verified, so both points are judged before any library is asked.
 * The equation is the one without cofactor, and every back end holds to it.
 * @param spki of the key, 44 octets
 * @param signature R || S, 64 octets
 */
export function hasStrictPoints(spki: Uint8Array, signature: Uint8Array): boolean {
  if (spki.length !== KEY_AT + SIZE || signature.length !== 2 * SIZE) return false
  if (!sameBytes(spki.subarray(0, KEY_AT), ED25519_SPKI_PREFIX)) return false
  return isStrictPoint(spki.slice(KEY_AT)) && isStrictPoint(signature.slice(0, SIZE))
}

/** @param y the encoding of a point, whose top bit is the sign of x: changed here */
function isStrictPoint(y: Uint8Array): boolean {
  const last = (y[SIZE - 1] ?? 0) & 0x7f
  y[SIZE - 1] = last
  const belowPrime = last !== 0x7f || (y[0] ?? 0) < 0xed || y.subarray(1, SIZE - 1).some((octet) => octet !== 0xff)
  return belowPrime && !SMALL_ORDER.some((small) => sameBytes(small, y))
}
