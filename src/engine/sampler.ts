/**
 * Choosing the next token. Greedy takes the greatest logit; sampling turns probabilities into integers and draws an
 * integer, so that no threshold is ever a rounded number. @module
 */
import { EngineError } from './errors.ts'
import { exactExp } from './exact-math.ts'
import type { RandomWords } from './random.ts'
import { randomBelow } from './random.ts'

/** What the most likely token weighs. The rest weighs less; below half a unit a token cannot be drawn. */
const UNIT = 1073741824

export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number
  /** The smallest set of most likely tokens whose share reaches this is kept; 1 keeps all, 0 the most likely one. */
  readonly topP: number
}

/** The greatest logit, the lowest token where two are equal. `allowed` is in ascending order and not empty. */
export function greatest(logits: Float64Array, allowed: readonly number[]): number {
  let best = allowed[0] ?? 0
  let max = Number.NEGATIVE_INFINITY
  for (const token of allowed) {
    const logit = logits[token] ?? 0
    if (logit > max) {
      max = logit
      best = token
    }
  }
  // NaN or infinities come only from weights that no training makes.
  if (!Number.isFinite(max)) throw new EngineError('invalid_model', 'the weights lead to numbers that are not finite')
  return best
}

/** Draws one token. Uses the random words only when `temperature` is above 0. */
export function sample(
  logits: Float64Array,
  allowed: readonly number[],
  { temperature, topP, words }: Sampling & { readonly words: RandomWords },
): number {
  const best = greatest(logits, allowed)
  if (temperature === 0) return best
  const max = logits[best] ?? 0
  const candidates: { readonly token: number; readonly weight: number }[] = []
  let total = 0
  for (const token of allowed) {
    const weight = Math.round(UNIT * exactExp(((logits[token] ?? 0) - max) / temperature))
    if (weight === 0) continue
    candidates.push({ token, weight })
    total += weight
  }
  if (topP < 1) {
    candidates.sort((a, b) => b.weight - a.weight || a.token - b.token)
    total = keepTop(candidates, topP * total)
  }
  let draw = randomBelow(words, total)
  for (const { token, weight } of candidates) {
    if (draw < weight) return token
    draw -= weight
  }
  return best
}

/** Cuts the list after the entry at which the sum reaches `share`, and returns that sum. At least one entry stays. */
function keepTop(sorted: { readonly weight: number }[], share: number): number {
  let sum = 0
  let kept = 0
  for (const { weight } of sorted) {
    sum += weight
    kept += 1
    if (sum >= share) break
  }
  sorted.length = kept
  return sum
}
