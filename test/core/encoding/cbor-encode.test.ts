/** The one encoding: it decodes to what went in, and a library that others use writes the same octets. */
import { Encoder } from 'cbor-x'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CborValue, decodeCbor } from '../../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../../src/core/encoding/cbor-encode.ts'

const library = new Encoder({ tagUint8Array: false, useRecords: false, mapsAsObjects: false, variableMapSize: true })

const scalar: fc.Arbitrary<CborValue> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.boolean(),
  fc.constant(null),
)
const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 30 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.string(), fc.nat()), tie('value')), { selector: ([key]) => key, maxLength: 30 })
      .map((pairs): CborValue => new Map(pairs)),
  ),
}))

describe('encodeCbor', () => {
  it('writes what the strict reader reads back', () => {
    fc.assert(
      fc.property(value, (item) => {
        expect(decodeCbor(encodeCbor(item))).toEqual(item)
      }),
    )
  })

  it('writes what cbor-x writes', () => {
    const small = fc.oneof(scalar, fc.array(scalar, { maxLength: 30 }))
    fc.assert(
      fc.property(small, (item) => {
        // cbor-x writes integers beyond 32 bits as floats, which the strict reader refuses.
        if (JSON.stringify(item, (_, part) => part)?.match(/\d{10}/)) return
        expect(encodeCbor(item)).toEqual(Uint8Array.from(library.encode(item)))
      }),
    )
  })

  it('takes integers of every width', () => {
    const hex = (item: CborValue): string => Buffer.from(encodeCbor(item)).toString('hex')
    // RFC 8949, appendix A.
    expect([0, 23, 24, 255, 256, 65_536, 1_000_000_000_000, 18_446_744_073_709_551_615n, -1, -1000].map(hex)).toEqual([
      ...[
        '00',
        '17',
        '1818',
        '18ff',
        '190100',
        '1a00010000',
        '1b000000e8d4a51000',
        '1bffffffffffffffff',
        '20',
        '3903e7',
      ],
    ])
  })
})
