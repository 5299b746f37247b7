/** Root-mean-square normalisation without learned gains. Math.sqrt is exact by the standard. @module */

const EPSILON = 1e-6

/** 1 / sqrt(mean of squares + 1e-6) of `size` numbers from `from`; the sum runs in index order. */
export function inverseRms(x: Float32Array, from: number, size: number): number {
  let sum = 0
  for (let i = from; i < from + size; i++) {
    const value = x[i] ?? 0
    sum += value * value
  }
  return 1 / Math.sqrt(sum / size + EPSILON)
}

/** out = x scaled to root mean square 1. `x` and `out` may be the same array. */
export function normalise(x: Float32Array, out: Float32Array): void {
  const factor = inverseRms(x, 0, x.length)
  for (let i = 0; i < x.length; i++) out[i] = (x[i] ?? 0) * factor
}
