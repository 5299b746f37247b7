/** Strict JSON and JCS: what passes is read as JSON.parse reads it; what readers disagree on is refused by name. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { failureOf } from '../../kit/failure-of.ts'

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['[F9] rejects a key that is there twice', '{"a":1,"a":2}', 'JSON_DUPLICATE_KEY'],
  ['[F9] rejects a key that is there twice by way of an escape', '{"a":1,"\\u0061":2}', 'JSON_DUPLICATE_KEY'],
  ['[F9] rejects __proto__', '{"__proto__":{}}', 'JSON_UNSAFE_KEY'],
  ['[F9] rejects constructor', '{"a":{"constructor":1}}', 'JSON_UNSAFE_KEY'],
  ['[F10] rejects a fraction where integers are due', '{"a":1.5}', 'JSON_NUMBER_RANGE'],
  ['[F10] rejects an integer beyond 2^53', '{"a":9007199254740993}', 'JSON_NUMBER_RANGE'],
  ['[F10] rejects a number that is infinite', '{"a":1e999}', 'JSON_NUMBER_RANGE'],
  ['[F3] rejects nesting beyond the limit', '['.repeat(18) + ']'.repeat(18), 'PARSE_DEPTH'],
  ['[F3] rejects nesting of 100,000 without a stack overflow', '['.repeat(100_000), 'PARSE_DEPTH'],
  ['[F4] rejects text after the value', '{} {}', 'PARSE_TRAILING'],
  ['rejects a lone surrogate', '"\\ud800"', 'JSON_LONE_SURROGATE'],
  ['rejects a leading zero', '01', 'PARSE_TRAILING'],
  ['rejects a trailing comma', '[1,]', 'JSON_INVALID'],
  ['rejects a control character in a string', '"a\nb"', 'JSON_INVALID'],
  ['rejects a comment', '/* */ 1', 'JSON_INVALID'],
  ['rejects nothing at all', '', 'JSON_INVALID'],
  ['rejects an unclosed string', '"abc', 'JSON_INVALID'],
  ['rejects a bad escape', '"\\x41"', 'JSON_INVALID'],
  ['rejects a byte order mark', '\ufeff{}', 'JSON_INVALID'],
]

describe('strict JSON', () => {
  it.each(REFUSED)('%s', (_title, text, code) => {
    expect(failureOf(() => decodeJson(text))).toBe(code)
  })

  it('[F10] rejects octets that are not UTF-8', () => {
    expect(failureOf(() => decodeJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('UTF8_INVALID')
  })

  it('rejects text beyond the size limit before it parses', () => {
    expect(failureOf(() => decodeJson(' '.repeat(11), { maxSize: 10 }))).toBe('EVIDENCE_TOO_LARGE')
  })

  it('reads what it accepts as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, depthSize: 'small' }), (value) => {
        const text = JSON.stringify(value)
        let decoded: unknown
        const failure = failureOf(() => {
          decoded = decodeJson(text, { numbers: 'any' })
        })
        if (failure === 'none') expect(JSON.stringify(decoded)).toBe(JSON.stringify(JSON.parse(text)))
        else expect(['JSON_UNSAFE_KEY', 'JSON_NUMBER_RANGE', 'JSON_LONE_SURROGATE']).toContain(failure)
      }),
    )
  })

  it('throws nothing but MalformedError on mutated text', () => {
    const source = '{"a":[1,2,{"b":"\\u00e9\\n","c":null}],"d":true,"e":"x"}'
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, remove, insert) => {
        failureOf(() => decodeJson(source.slice(0, at) + insert + source.slice(at + remove)))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('JCS', () => {
  it('gives the example of RFC 8785 section 3.2.3', () => {
    const value = decodeJson(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    )
    const keys = Object.keys(JSON.parse(decodeUtf8(encodeJcs(value))))
    expect(decodeUtf8(encodeJcs(value)).indexOf('Carriage')).toBeLessThan(decodeUtf8(encodeJcs(value)).indexOf('One'))
    expect(keys).toEqual(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'])
  })

  it('gives the numbers of RFC 8785 appendix B', () => {
    const numbers = [1e30, 4.5, 2e-3, 1e-27, 333333333.3333333, 1e21]
    expect(decodeUtf8(encodeJcs(numbers))).toBe('[1e+30,4.5,0.002,1e-27,333333333.3333333,1e+21]')
  })

  it('escapes in a string what JSON.stringify escapes, and nothing else', () => {
    for (let unit = 0; unit < 0x180; unit++) {
      const text = `a${String.fromCharCode(unit)}b`
      expect(decodeUtf8(encodeJcs({ [text]: text }))).toBe(JSON.stringify({ [text]: text }))
    }
    expect(failureOf(() => encodeJcs('a\udc00'))).toBe('JSON_LONE_SURROGATE')
  })

  it('is stable under decoding and the order of keys', () => {
    const octets = encodeUtf8('{"a":{"c":1,"d":2},"b":[true,null]}')
    expect(encodeJcs(decodeJson('{ "b" : [ true , null ] , "a" : { "d" : 2 , "c" : 1 } }'))).toEqual(octets)
  })
})
