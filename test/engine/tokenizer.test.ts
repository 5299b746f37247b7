/** Text goes to tokens and comes back exactly, and never becomes a special token. @module */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTokens, encodeText } from '../../src/engine/index.ts'
import { SPECIAL_TOKENS } from '../../src/engine/vocabulary.ts'
import { model } from './embedded-model.ts'

const vectors: readonly { readonly text: string; readonly tokens: readonly number[] }[] = JSON.parse(
  readFileSync(new URL('tokenizer-vectors.json', import.meta.url), 'utf8'),
)
const specials: ReadonlySet<number> = new Set(SPECIAL_TOKENS.map((name) => model.vocabulary.special[name]))
const roundTrip = (text: string): Uint8Array => decodeTokens(model, Array.from(encodeText(model, text)))

describe('tokenizer', () => {
  it('gives back any text byte for byte', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string())
    fc.assert(
      fc.property(text, (s) => {
        expect(roundTrip(s)).toEqual(new TextEncoder().encode(s))
      }),
    )
  })

  it('never makes a special token from text, even where the text spells one', () => {
    const piece = fc.oneof(fc.constantFrom(...SPECIAL_TOKENS), fc.string({ maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        expect(encodeText(model, text).some((token) => specials.has(token))).toBe(false)
        expect(roundTrip(text)).toEqual(new TextEncoder().encode(text))
      }),
    )
  })

  it.each(vectors)('agrees with the reference implementation on $text', ({ text, tokens }) => {
    expect(Array.from(encodeText(model, text))).toEqual(tokens)
  })

  it('encodes a lone surrogate as the replacement character', () => {
    expect(roundTrip('a\ud800b')).toEqual(new TextEncoder().encode('a\ufffdb'))
  })

  it('stays quick on a long run without spaces', () => {
    const text = 'receipt'.repeat(3000)
    expect(roundTrip(text)).toEqual(new TextEncoder().encode(text))
  })

  it('decodes numbers that are no tokens to nothing', () => {
    expect(decodeTokens(model, [-1, 1e9, 0.5])).toEqual(new Uint8Array(0))
  })
})
