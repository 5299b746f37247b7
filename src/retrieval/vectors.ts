/** Vectors of the chunks of a collection, and which of them are nearest to another: cosine similarity over all of them, one after the other. @module */
import { CountersignError } from '../errors.ts'
import type { UnitVector } from './embeddings.ts'

/**
 * Numbers of all vectors together. A search looks at each once, and the gateway answers nobody meanwhile: some 20 ms. It is 16,384 chunks of
 * a model with 1,024 dimensions, and 64 MiB.
 */
const MAX_NUMBERS = 1 << 24

export class Vectors {
  readonly #capacity: number
  readonly #vectors: UnitVector[] = []

  /** @param capacity how many there will be */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#vectors.length
  }

  /** Appends the vector of the next chunk. @throws CountersignError ERR_UPSTREAM for one of another dimension, or where all would be too many numbers */
  add(vector: UnitVector): void {
    if (vector.length * this.#capacity > MAX_NUMBERS)
      throw new CountersignError(
        'ERR_UPSTREAM',
        `${this.#capacity} chunks with embeddings of ${vector.length} dimensions are more than ${MAX_NUMBERS} numbers`,
      )
    this.#assertDimension(vector)
    this.#vectors.push(vector)
  }

  /**
   * Places of the nearest, nearest first; of equally near ones the earlier. One that points away, or at a right angle, is near to nothing.
   * Additions and multiplications alone, in one order: the same on every machine.
   * @throws CountersignError ERR_UPSTREAM for a vector of another dimension
   */
  nearest(to: UnitVector, limit: number): readonly number[] {
    this.#assertDimension(to)
    const best: { readonly place: number; readonly cosine: number }[] = []
    for (const [place, vector] of this.#vectors.entries()) {
      const cosine = dot(vector, to)
      const last = best[limit - 1]
      if (cosine <= 0 || (last !== undefined && cosine <= last.cosine)) continue
      const behind = best.findIndex((other) => other.cosine < cosine)
      best.splice(behind < 0 ? best.length : behind, 0, { place, cosine })
      best.length = Math.min(best.length, limit)
    }
    return best.map(({ place }) => place)
  }

  #assertDimension({ length }: UnitVector): void {
    const [first] = this.#vectors
    if (first !== undefined && first.length !== length)
      throw new CountersignError(
        'ERR_UPSTREAM',
        `the embedding model gave ${first.length} dimensions before, and now ${length}`,
      )
  }
}

function dot(a: UnitVector, b: UnitVector): number {
  let sum = 0
  for (let n = 0; n < a.length; n++) sum += (a[n] ?? 0) * (b[n] ?? 0)
  return sum
}
