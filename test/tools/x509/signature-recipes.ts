/** Fixtures about the form of an ECDSA signature: one signature must have one spelling, and r and s must be in range. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeDer, integerOctets, octetString, sequence } from '../../../src/simulator/der-writer.ts'
import { type Changes, type Recipe, rejects, resigned } from './recipe.ts'

const N256 = new Uint8Array(Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'))
const N384 = new Uint8Array(
  Buffer.from(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    'hex',
  ),
)
const integer = (...octets: readonly number[]): Uint8Array => integerOctets(Uint8Array.from(octets))
const ONE = integer(1)
const both = sequence(ONE, ONE)

/** The leaf bears `signature` instead of its own. */
const leaf = (signature: Uint8Array, changes: Changes = {}): Changes => ({
  ...changes,
  tamper: ([first = new Uint8Array(), ...rest]) => [resigned(first, signature), ...rest],
})
const raw = (r: Uint8Array, s: Uint8Array): Uint8Array => concatBytes(r, s)

export const SIGNATURE_RECIPES: readonly Recipe[] = [
  ...rejects(
    'X20',
    'SIG_MALFORMED',
    ['signature-r-zero', 'r of zero', leaf(sequence(integer(0), ONE))],
    ['signature-s-zero', 's of zero', leaf(sequence(ONE, integer(0)))],
    ['signature-both-zero', 'r and s of zero', leaf(sequence(integer(0), integer(0)))],
    ['signature-r-order', 'r equal to the order', leaf(sequence(integer(0, ...N256), ONE))],
    ['signature-s-order', 's equal to the order', leaf(sequence(ONE, integer(0, ...N256)))],
    ['signature-r-above', 'r above the order', leaf(sequence(integer(0, ...new Uint8Array(32).fill(0xff)), ONE))],
    [
      'signature-r-order-384',
      'r equal to the order of P-384',
      leaf(sequence(integer(0, ...N384), ONE), { profile: 'nitro' }),
    ],
    [
      'signature-s-order-384',
      's equal to the order of P-384',
      leaf(sequence(ONE, integer(0, ...N384)), { profile: 'nitro' }),
    ],
    ['signature-r-of-other-curve', 'r too long for the curve', leaf(sequence(integer(1, ...new Uint8Array(40)), ONE))],
    ['signature-r-negative', 'a negative r', leaf(sequence(integer(0x80), ONE))],
    ['signature-s-negative', 'a negative s', leaf(sequence(ONE, integer(0xff)))],
    ['signature-r-padded', 'a padded r', leaf(sequence(integer(0, 1), ONE))],
    ['signature-s-empty', 's of no octets', leaf(sequence(ONE, integer()))],
    ['signature-long-length', 'a length in long form', leaf(concatBytes(Uint8Array.of(0x30, 0x81, 6), ONE, ONE))],
    [
      'signature-indefinite',
      'an indefinite length',
      leaf(concatBytes(Uint8Array.of(0x30, 0x80), ONE, ONE, Uint8Array.of(0, 0))),
    ],
    ['signature-trailing', 'octets behind the signature', leaf(concatBytes(both, Uint8Array.of(0)))],
    ['signature-trailing-inside', 'a third integer', leaf(sequence(ONE, ONE, ONE))],
    ['signature-one-integer', 'r alone', leaf(sequence(ONE))],
    ['signature-set', 'a SET', leaf(encodeDer(0x31, ONE, ONE))],
    ['signature-octets', 'r that is no INTEGER', leaf(sequence(octetString(Uint8Array.of(1)), ONE))],
    ['signature-truncated', 'a signature that is cut', leaf(both.slice(0, -1))],
    ['signature-none', 'no signature', leaf(new Uint8Array())],
    ['signature-p1363', 'r || s where DER is due', leaf(raw(new Uint8Array(32).fill(1), new Uint8Array(32).fill(1)))],
  ),
]
