/**
 * The generator of random integers for sampling: xoshiro128** (Blackman and Vigna), seeded by the finaliser of MurmurHash3.
 * Part of the format: the same seed must give the same answer in every release. @module
 */

const WARM_UP = 16

/** Returns an integer from 0 to 2^32 - 1, each as likely; mutable inside. */
export type RandomWords = () => number

/**
 * @param seed a safe integer, negative ones too, as OpenAI's `seed`
 * @param choice the index among `n` choices, which gets a stream of its own
 */
export function createRandomWords(seed: number, choice: number): RandomWords {
  const low = seed | 0
  const high = Math.floor(seed / 4294967296) | 0
  let a = scramble(low + 0x9e3779b9)
  let b = scramble(high ^ Math.imul(a, 0x85ebca6b))
  let c = scramble(choice ^ Math.imul(b, 0xc2b2ae35))
  let d = scramble(a ^ Math.imul(c, 0x27d4eb2f)) | 1 // never all zero

  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }
  // The first word depends on b alone: run on until every word depends on the whole seed.
  for (let i = 0; i < WARM_UP; i++) next()
  return next
}

/** An integer from 0 to bound - 1, each exactly as likely, for bound from 1 to 2^52: rejection, no rounding anywhere. */
export function randomBelow(words: RandomWords, bound: number): number {
  const limit = 9007199254740992 - (9007199254740992 % bound)
  for (;;) {
    const draw = (words() >>> 11) * 4294967296 + words()
    if (draw < limit) return draw % bound
  }
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

function scramble(x: number): number {
  let h = x | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
