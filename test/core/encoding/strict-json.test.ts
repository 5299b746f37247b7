/** Strictness of JSON that JSON.parse has read: the same verdict as that of the strict parser, for any text. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { isStrictJson } from '../../../src/core/encoding/strict-json.ts'

function isDecoded(text: string): boolean {
  try {
    decodeJson(text, { maxDepth: 32, numbers: 'any' })
    return true
  } catch {
    return false
  }
}

/** JSON text with equal keys, odd spaces and numbers, and strings that look like members. */
const { value: json } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('1', '-0', '0.5', '1e400', '12345678901234567890', '1e20', 'null', '9007199254740992.0'),
    fc.constantFrom(
      '"a"',
      String.raw`"\":"`,
      '"\\" :"',
      '":"',
      String.raw`"\ud800"`,
      String.raw`"\ud83c\udf0d"`,
      '"\ufffd"',
    ),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  ),
  object: fc
    .array(
      fc.tuple(
        fc.constantFrom(
          '"a"',
          '"b"',
          '"c"',
          String.raw`"\u0061"`,
          '"__proto__"',
          String.raw`"\""`,
          String.raw`"\udc00"`,
        ),
        fc.constantFrom(':', ' :', ': ', '\n:'),
        tie('value'),
      ),
      { maxLength: 3 },
    )
    .map((members) => `{${members.map((parts) => parts.join('')).join(',')}}`),
}))

describe('isStrictJson', () => {
  it('agrees with the strict parser', () => {
    let strict = 0
    fc.assert(
      fc.property(json, (text) => {
        const decoded = isDecoded(text)
        if (decoded) strict++
        expect(isStrictJson(text, JSON.parse(text))).toBe(decoded)
      }),
      { numRuns: 2000 },
    )
    expect(strict).toBeGreaterThan(100)
  })

  it.each([31, 32, 33])('counts %i levels as the strict parser does', (levels) => {
    for (const inmost of ['', '1', '{}', '{"a":1}']) {
      const text = `${'['.repeat(levels)}${inmost}${']'.repeat(levels)}`
      expect(isStrictJson(text, JSON.parse(text)), inmost).toBe(isDecoded(text))
    }
  })
})
