// A seeded source of choices: the same seed makes the same cases. Not for keys.

/** One 32-bit word after another from `seed` (mulberry32). */
function createWords(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return (word ^ (word >>> 14)) >>> 0
  }
}

/** @param seed a whole number */
export function createRandom(seed) {
  const word = createWords(seed)
  const below = (bound) => Math.floor((word() / 0x1_0000_0000) * bound)
  return {
    /** A whole number from 0 up to, and without, `bound`. */
    below,
    /** A whole number, both bounds included. */
    between: (least, most) => least + below(most - least + 1),
    pick: (items) => items[below(items.length)],
    chance: (probability) => word() < probability * 0x1_0000_0000,
    octets: (size) => Uint8Array.from({ length: size }, () => below(256)),
    shuffled(items) {
      const rest = [...items]
      return items.map(() => rest.splice(below(rest.length), 1)[0])
    },
  }
}

/** The choices of one case of a run: cases do not depend on how many went before. */
export const randomOfCase = (seed, index) =>
  createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
