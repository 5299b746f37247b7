/**
 * exp and ln from exact operations only. The ones in Math may differ between engines in the last bit; here every step is
 * an IEEE 754 addition, multiplication or division, which ECMAScript fixes to the bit. @module
 */

// ln 2 in two parts: the first has 21 trailing zero bits, so that k * LN2_HIGH is exact for |k| < 2^20.
const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const LN2 = LN2_HIGH + LN2_LOW
const LOG2_E = 1 / LN2

/** 2^-k for k = 0 … 1022, made by exact halving. */
const HALVES: Float64Array = halves(1023)

function halves(count: number): Float64Array {
  const table = new Float64Array(count)
  let power = 1
  for (let k = 0; k < count; k++) {
    table[k] = power
    power *= 0.5
  }
  return table
}

/**
 * e^x for x <= 0, within about one unit in the last place; 0 below -708.
 * Cody-Waite reduction to |r| <= ln 2 / 2, then the Taylor polynomial of degree 13 by Horner's rule.
 */
export function exactExp(x: number): number {
  if (!(x > -708)) return 0
  const k = Math.round(x * LOG2_E)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let p = 1 / 6227020800
  p = p * r + 1 / 479001600
  p = p * r + 1 / 39916800
  p = p * r + 1 / 3628800
  p = p * r + 1 / 362880
  p = p * r + 1 / 40320
  p = p * r + 1 / 5040
  p = p * r + 1 / 720
  p = p * r + 1 / 120
  p = p * r + 1 / 24
  p = p * r + 1 / 6
  p = p * r + 0.5
  p = p * r + 1
  p = p * r + 1
  return p * (HALVES[-k] ?? 0)
}

/**
 * ln x for finite x >= 1, within a few units in the last place.
 * x = m 2^e with m in [3/4, 3/2), then ln m = 2 artanh((m-1)/(m+1)) by its odd series to degree 23.
 */
export function exactLog(x: number): number {
  let m = x
  let exponent = 0
  while (m >= 1.5) {
    m *= 0.5
    exponent += 1
  }
  const s = (m - 1) / (m + 1)
  const square = s * s
  let sum = 0
  for (let n = 23; n >= 1; n -= 2) sum = sum * square + 1 / n
  return 2 * s * sum + exponent * LN2
}
