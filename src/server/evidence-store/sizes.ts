/** Sizes of trees in ascending order, as one array that is searched by halving. @module */

/** Place of the first that is greater than `bound`; the length when none is. */
export function placeAbove(ascending: readonly number[], bound: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) > bound) high = middle
    else low = middle + 1
  }
  return low
}

/** The least that is greater than `bound`. */
export function leastAbove(ascending: readonly number[], bound: number): number | undefined {
  return ascending[placeAbove(ascending, bound)]
}

/** A set of sizes that stays in order. */
export class Sizes {
  #ascending: number[]

  constructor(sizes: readonly number[] = []) {
    this.#ascending = [...sizes].sort((a, b) => a - b)
  }

  get all(): readonly number[] {
    return this.#ascending
  }

  get greatest(): number | undefined {
    return this.#ascending.at(-1)
  }

  has(size: number): boolean {
    return leastAbove(this.#ascending, size - 1) === size
  }

  add(size: number): void {
    if (!this.has(size)) this.#ascending.splice(placeAbove(this.#ascending, size), 0, size)
  }

  remove(sizes: readonly number[]): void {
    const removed = new Set(sizes)
    this.#ascending = this.#ascending.filter((size) => !removed.has(size))
  }

  above(bound: number): number | undefined {
    return leastAbove(this.#ascending, bound)
  }
}
