/** Log-probabilities of tokens under the model itself: natural logarithms at temperature 1, before top_p. @module */
import { exactExp, exactLog } from './exact-math.ts'
import { tokenBytes } from './tokenizer.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface TokenLogprob {
  /** The token's text; bytes that are no whole characters show as U+FFFD, and `bytes` has them exactly. */
  readonly token: string
  readonly logprob: number
  readonly bytes: number[]
}

/** The chosen token and the most likely ones, best first. */
export interface StepLogprobs extends TokenLogprob {
  readonly top: TokenLogprob[]
}

/** The log-probability of one token among all there are. */
export function logprobOf(logits: Float64Array, token: number): number {
  const max = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  let sum = 0
  for (const logit of logits) sum += exactExp(logit - max)
  return (logits[token] ?? 0) - max - exactLog(sum)
}

/** @param allowed the tokens that could have been chosen; the probabilities of these add up to 1 */
export function logprobsOf(
  vocabulary: Vocabulary,
  logits: Float64Array,
  { token, allowed, top }: { readonly token: number; readonly allowed: readonly number[]; readonly top: number },
): StepLogprobs {
  const ranked = allowed.map((id) => ({ id, logit: logits[id] ?? 0 })).sort((a, b) => b.logit - a.logit || a.id - b.id)
  const max = ranked[0]?.logit ?? 0
  let sum = 0
  for (const { logit } of ranked) sum += exactExp(logit - max)
  const logSum = exactLog(sum)
  const describe = (id: number): TokenLogprob => {
    const bytes = tokenBytes(vocabulary, id)
    const logprob = (logits[id] ?? 0) - max - logSum
    return { token: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), logprob, bytes: Array.from(bytes) }
  }
  return { ...describe(token), top: ranked.slice(0, top).map(({ id }) => describe(id)) }
}
