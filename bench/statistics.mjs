/** Quantiles and ratios. Rounds are interleaved, so a ratio is taken within its round and the median over the rounds. */

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

export const median = (values) => quantile(values, 0.5)

/** Median of `a[i] / b[i]`. */
export function ratio(a, b) {
  return median(a.map((value, i) => value / b[i]))
}

/** Median of `a[i] - b[i]`. */
export function difference(a, b) {
  return median(a.map((value, i) => value - b[i]))
}

/**
 * Measures each variant once a round, in the same order: A B C A B C …
 * @returns for each variant what `measure` gave, round by round
 */
export async function interleave(variants, rounds, measure) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, variant] of Object.entries(variants)) results[name].push(await measure(variant, name))
  return results
}
