/** Base64, hex, CBOR, DER, PEM, UTF-8, cursor: one encoding for each value, nothing else decodes. */
import { encode as encodeLoose } from 'cbor-x'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { type CborValue, decodeCbor, isCborMap } from '../../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../../src/core/encoding/cbor-encode.ts'
import {
  DER_INTEGER,
  DER_OID,
  DER_SEQUENCE,
  decodeDer,
  decodeDerElements,
  decodeDerOid,
  decodeDerUnsigned,
} from '../../../src/core/encoding/der.ts'
import { decodePem, encodePem } from '../../../src/core/encoding/pem.ts'
import { Reader } from '../../../src/core/encoding/reader.ts'
import { decodeAscii, decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { Writer } from '../../../src/core/encoding/writer.ts'
import { failureOf } from '../../kit/failure-of.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/ /g, ''), 'hex'))

describe('base64', () => {
  it('agrees with Node on every octet string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes)
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
      }),
    )
  })

  it('agrees with Node beyond the portion that it works in', () => {
    for (const size of [6_143, 6_144, 6_145, 6_146, 20_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff)
      expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    }
  })

  it('[F10] rejects every text that does not re-encode to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ABQgw-_+/= \n'), maxLength: 9 }), (text) => {
        let bytes: Uint8Array | undefined
        if (failureOf(() => (bytes = decodeBase64Url(text))) === 'none')
          expect(encodeBase64Url(bytes ?? new Uint8Array(1))).toBe(text)
        if (failureOf(() => (bytes = decodeBase64(text))) === 'none')
          expect(encodeBase64(bytes ?? new Uint8Array(1))).toBe(text)
      }),
      { numRuns: 3000 },
    )
  })

  it.each(['QQ==', 'QR', 'Q', 'Q Q', 'QQ\n', 'Q\u00e9'])('[F10] rejects %j as base64url', (text) => {
    expect(failureOf(() => decodeBase64Url(text))).toBe('BASE64_STRICT')
  })
})

describe('hex', () => {
  it('round-trips and refuses capitals, odd lengths and prefixes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(decodeHex(encodeHex(bytes))).toEqual(bytes)))
    for (const text of ['AB', 'abc', '0xab', ' ab']) expect(failureOf(() => decodeHex(text))).toBe('PARSE_INVALID')
  })
})

const CBOR_REFUSED: readonly (readonly [string, string, string])[] = [
  ['[F5] rejects a map key that is there twice', 'a2 01 01 01 02', 'CBOR_DUPLICATE_KEY'],
  ['[F6] rejects an integer that is not minimal', '18 17', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects a length that is not minimal', '58 01 00', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects an indefinite length', '9f 01 ff', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects a tag', 'c1 01', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects a float', 'f9 3c00', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects undefined', 'f7', 'CBOR_NOT_CANONICAL'],
  ['[F6] rejects text that is not UTF-8', '61 ff', 'CBOR_NOT_CANONICAL'],
  ['[F7] rejects an array longer than the data', '9b 0000000fffffffff', 'PARSE_LENGTH'],
  ['[F7] rejects octets longer than the data', '5a 7fffffff', 'PARSE_LENGTH'],
  ['[F3] rejects nesting beyond the limit', '81'.repeat(20_000), 'PARSE_DEPTH'],
  ['[F4] rejects octets after the item', '01 01', 'PARSE_TRAILING'],
  ['rejects a cut item', '42 01', 'PARSE_LENGTH'],
  ['rejects a key that is an array', 'a1 80 01', 'CBOR_NOT_CANONICAL'],
]

describe('strict CBOR', () => {
  it.each(CBOR_REFUSED)('%s', (_title, octets, code) => {
    expect(failureOf(() => decodeCbor(hex(octets)))).toBe(code)
  })

  it('reads what the encoder wrote', () => {
    const value: CborValue = new Map<string, CborValue>([
      ['provider', 'sev_guest'],
      ['outblob', Uint8Array.of(1, 2, 3)],
      ['list', [0, 23, 24, 255, 256, 65_536, -1, -500]],
      ['flags', [true, false, null]],
    ])
    const decoded = decodeCbor(encodeCbor(value))
    expect(isCborMap(decoded)).toBe(true)
    expect(decoded).toEqual(value)
  })

  it('reads integers of every width', () => {
    expect(decodeCbor(hex('1b 0020000000000000'))).toBe(9007199254740992n)
    expect(decodeCbor(hex('1b 001fffffffffffff'))).toBe(9007199254740991)
    expect(decodeCbor(hex('3b ffffffffffffffff'))).toBe(-18446744073709551616n)
  })

  it('throws nothing but MalformedError on mutated octets', () => {
    const source = encodeLoose({ a: [1, 2, { b: 'x' }], c: new Uint8Array(5) })
    fc.assert(
      fc.property(fc.nat(source.length - 1), fc.nat(255), fc.nat(source.length), (at, octet, end) => {
        const bytes = Uint8Array.from(source).slice(0, end)
        if (at < bytes.length) bytes[at] = octet
        failureOf(() => decodeCbor(bytes))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('DER', () => {
  it('reads lengths in their one form only', () => {
    expect(decodeDer(hex('02 01 05'), DER_INTEGER).content).toEqual(hex('05'))
    expect(failureOf(() => decodeDer(hex('02 81 01 05'), DER_INTEGER))).toBe('DER_INVALID')
    expect(failureOf(() => decodeDer(hex('30 80 00 00'), DER_SEQUENCE))).toBe('DER_INVALID')
    expect(failureOf(() => decodeDer(hex('02 01 05 00'), DER_INTEGER))).toBe('PARSE_TRAILING')
    expect(failureOf(() => decodeDer(hex('02 02 05'), DER_INTEGER))).toBe('EVIDENCE_TRUNCATED')
    expect(failureOf(() => decodeDer(hex('04 01 05'), DER_INTEGER))).toBe('DER_INVALID')
    expect(decodeDerElements(hex('02 01 01 02 01 02')).map(({ content }) => content[0])).toEqual([1, 2])
  })

  it('reads unsigned integers in their one form only', () => {
    expect(decodeDerUnsigned(hex('00ff'))).toBe(255)
    for (const octets of ['', 'ff', '0001']) expect(failureOf(() => decodeDerUnsigned(hex(octets)))).toBe('DER_INVALID')
  })

  it('reads object identifiers', () => {
    expect(decodeDerOid(decodeDer(hex('06 0a 2b 06 01 04 01 9c 78 01 03 08'), DER_OID).content)).toBe(
      '1.3.6.1.4.1.3704.1.3.8',
    )
    expect(decodeDerOid(hex('88 37'))).toBe('2.999')
    for (const octets of ['', '2b 80 01', '2b 86'])
      expect(failureOf(() => decodeDerOid(hex(octets)))).toBe('DER_INVALID')
  })

  it('throws nothing but MalformedError on any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void failureOf(() => decodeDerElements(bytes))),
      { numRuns: 3000 },
    )
  })
})

describe('PEM', () => {
  it('round-trips and finds every block', () => {
    const der = Uint8Array.from({ length: 100 }, (_, i) => i)
    expect(decodePem(`${encodePem(der, 'CERTIFICATE')}noise\n${encodePem(der, 'CERTIFICATE')}`, 'CERTIFICATE')).toEqual(
      [der, der],
    )
  })

  it('refuses text without the block, an open block, and loose base64', () => {
    expect(failureOf(() => decodePem('', 'CERTIFICATE'))).toBe('PEM_INVALID')
    expect(failureOf(() => decodePem('-----BEGIN CERTIFICATE-----\nAA==', 'CERTIFICATE'))).toBe('PEM_INVALID')
    expect(
      failureOf(() => decodePem('-----BEGIN CERTIFICATE-----\nA A=\n-----END CERTIFICATE-----', 'CERTIFICATE')),
    ).toBe('BASE64_STRICT')
  })
})

describe('UTF-8', () => {
  it('keeps a byte order mark and refuses what is not well-formed', () => {
    expect(decodeUtf8(hex('efbbbf41'))).toBe('\ufeffA')
    for (const octets of ['c0af', 'eda080', 'f5808080', '80', 'c3'])
      expect(failureOf(() => decodeUtf8(hex(octets)))).toBe('UTF8_INVALID')
    expect(failureOf(() => encodeUtf8('a\ud800b'))).toBe('UTF8_INVALID')
    expect(failureOf(() => decodeAscii(hex('09')))).toBe('PARSE_INVALID')
  })
})

describe('cursor', () => {
  it('reads each width, stays in bounds and reaches the end', () => {
    const written = new Writer(43)
      .u8(1)
      .u16le(2)
      .u32le(3)
      .u32be(4)
      .u64le(5n)
      .bytes(hex('aabb'))
      .zero(6)
      .bytes(new Uint8Array(16))
      .finish()
    const reader = new Reader(written)
    expect([reader.u8('a'), reader.u16le('b'), reader.u32le('c'), reader.u32be('d'), reader.u64le('e')]).toEqual([
      1,
      2,
      3,
      4,
      5n,
    ])
    expect(failureOf(() => new Reader(hex('00')).u16be('x'))).toBe('EVIDENCE_TRUNCATED')
    expect(failureOf(() => reader.zero('reserved', 2))).toBe('PARSE_RESERVED')
    expect(reader.offset).toBe(21)
    reader.zero('reserved', 6)
    expect(failureOf(() => reader.end())).toBe('PARSE_TRAILING')
    reader.skip('rest', 16)
    reader.end()
    expect(failureOf(() => reader.bytes('more', -1))).toBe('PARSE_LENGTH')
    expect(() => new Writer(2).u32le(1)).toThrow(RangeError)
    expect(() => new Writer(2).u8(1).finish()).toThrow(RangeError)
  })
})
