/** COSE_Sign1 apart from Nitro: the example of the standard, the structure that is signed, headers octet by octet. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeCoseAlgorithm,
  decodeCoseSign1,
  encodeSigStructure,
  isCanonicalEs384,
} from '../../../src/core/cose/index.ts'
import { decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { cborArray, cborBytes, cborText } from '../../../src/simulator/nitro-cbor.ts'
import { failureOf } from '../../kit/failure-of.ts'

const hex = (text: string): Uint8Array => decodeHex(text.replaceAll(' ', ''))
const LIMIT = { maxPayloadSize: 16_384 }
/** RFC 9052, appendix C.2.1. */
const EXAMPLE = hex(
  `d2 84 43 a10126 a1 04 42 3131 54 546869732069732074686520636f6e74656e742e 58 40
   8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e
   2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36`.replaceAll(/\s/g, ''),
)

describe('COSE_Sign1', () => {
  it('reads the example of RFC 9052', () => {
    const decoded = decodeCoseSign1(EXAMPLE, LIMIT)
    expect(decoded).toMatchObject({
      protectedHeader: hex('a10126'),
      unprotectedParameters: 1,
      payload: encodeUtf8('This is the content.'),
    })
    expect(decoded.signature).toHaveLength(64)
    expect(decodeCoseAlgorithm(decoded.protectedHeader)).toBe(-7)
  })

  it('[N4] signs the octets that were received, between heads of their own', () => {
    const decoded = decodeCoseSign1(EXAMPLE, LIMIT)
    // RFC 9052, appendix C.2.1: the Sig_structure of the example without external data.
    expect(encodeHex(encodeSigStructure(decoded))).toBe(
      '846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e742e',
    )
  })

  it('writes the heads of every length in their shortest form', () => {
    for (const size of [0, 23, 24, 255, 256, 4416, 16_384]) {
      const [protectedHeader, payload] = [new Uint8Array(size).fill(1), new Uint8Array(size).fill(2)]
      const parts = { protectedHeader, payload, unprotectedParameters: 0, signature: new Uint8Array() }
      const due = cborArray(
        cborText('Signature1'),
        cborBytes(protectedHeader),
        cborBytes(new Uint8Array()),
        cborBytes(payload),
      )
      expect(encodeSigStructure(parts)).toEqual(due)
    }
  })

  it.each([
    ['a101390022', -35],
    ['a1013a00000022', -35],
    ['a1013b0000000000000022', -35],
    ['b801180138 22', -35],
    ['a1013822', -35],
    ['a10118 23', 35],
  ])('reads the algorithm of %s as lenient readers do, and calls one spelling canonical', (text, algorithm) => {
    expect(decodeCoseAlgorithm(hex(text))).toBe(algorithm)
    expect(isCanonicalEs384(hex(text))).toBe(text === 'a1013822')
  })

  it.each([
    ['cut before its value', 'a101', 'EVIDENCE_TRUNCATED'],
    ['cut inside a head', 'a10139', 'EVIDENCE_TRUNCATED'],
    ['of a reserved length', 'a1011c', 'CBOR_NOT_CANONICAL'],
  ])('refuses a header %s', (_, text, code) => {
    expect(failureOf(() => decodeCoseAlgorithm(hex(text)))).toBe(code)
  })

  it('throws nothing but MalformedError on octets of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        failureOf(() => decodeCoseSign1(bytes, LIMIT))
        failureOf(() => decodeCoseAlgorithm(bytes))
      }),
      { numRuns: 2000 },
    )
  })
})
