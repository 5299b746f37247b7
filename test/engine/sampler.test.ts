/** Sampling by integers: the generator of random words is pinned, draws follow the weights. @module */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomWords, randomBelow } from '../../src/engine/random.ts'
import { greatest, sample } from '../../src/engine/sampler.ts'

const ALL = [0, 1, 2, 3]
const logits = Float64Array.of(1, 3, 2, 3)

describe('random words', () => {
  it.each([
    { seed: 0, choice: 0, words: [2537175968, 3157079148, 495944948, 3934719554] },
    { seed: 0, choice: 1, words: [3891000829, 873527066, 2674570062, 606981232] },
    { seed: 42, choice: 0, words: [362541512, 1610233227, 1400724764, 924863378] },
    { seed: -1, choice: 0, words: [109312156, 2330681719, 3778780979, 2101626019] },
    { seed: Number.MAX_SAFE_INTEGER, choice: 7, words: [2277947684, 473868047, 258361382, 2903686728] },
  ])('are pinned for seed $seed and choice $choice', ({ seed, choice, words }) => {
    const next = createRandomWords(seed, choice)
    expect([next(), next(), next(), next()]).toEqual(words)
  })

  it('stay below their bound and reach both ends of a small one', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 2 ** 50 }), (seed, bound) => {
        const draw = randomBelow(createRandomWords(seed, 0), bound)
        expect(Number.isInteger(draw) && draw >= 0 && draw < bound).toBe(true)
      }),
    )
    const words = createRandomWords(1, 0)
    const seen = new Set(Array.from({ length: 200 }, () => randomBelow(words, 3)))
    expect([...seen].sort()).toEqual([0, 1, 2])
  })
})

describe('sampler', () => {
  it('takes the lowest of equally likely tokens when greedy, without drawing', () => {
    const words = (): number => expect.fail('no random word is due')
    expect(sample(logits, ALL, { temperature: 0, topP: 1, words })).toBe(1)
  })

  it('never leaves the allowed tokens', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.double({ min: 0, max: 5, noNaN: true }), (seed, temperature) => {
        const token = sample(logits, [0, 2], { temperature, topP: 1, words: createRandomWords(seed, 0) })
        expect([0, 2]).toContain(token)
      }),
    )
  })

  it('draws in proportion to the probabilities', () => {
    const words = createRandomWords(7, 0)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 20000; i++) {
      const token = sample(logits, ALL, { temperature: 1, topP: 1, words })
      counts[token] = (counts[token] ?? 0) + 1
    }
    const total = 2 * Math.exp(0) + Math.exp(-1) + Math.exp(-2)
    const expected = [Math.exp(-2), 1, Math.exp(-1), 1].map((weight) => (20000 * weight) / total)
    for (const [token, count] of counts.entries()) expect(Math.abs(count - (expected[token] ?? 0))).toBeLessThan(300)
  })

  it('keeps the smallest set that reaches top_p', () => {
    const words = createRandomWords(9, 0)
    const draw = (topP: number): Set<number> =>
      new Set(Array.from({ length: 500 }, () => sample(logits, ALL, { temperature: 1, topP, words })))
    expect(draw(0)).toEqual(new Set([1]))
    expect(draw(0.5)).toEqual(new Set([1, 3]))
    expect(draw(0.9)).toEqual(new Set([1, 2, 3]))
    expect(draw(1)).toEqual(new Set([0, 1, 2, 3]))
  })

  it('refuses numbers that no trained model makes', () => {
    expect(() => greatest(Float64Array.of(Number.NaN, Number.NaN), [0, 1])).toThrow(/not finite/)
    expect(() => greatest(Float64Array.of(0, Number.POSITIVE_INFINITY), [0, 1])).toThrow(/not finite/)
  })
})
