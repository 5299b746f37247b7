/** What the model holds of candidates: how surprising words are, and how likely texts are after a prompt. Every step hands control back. @module */
import { computeLogits, feedToken } from '../forward.ts'
import { logprobOf } from '../logprobs.ts'
import type { Model } from '../model.ts'
import { createState, type State } from '../state.ts'
import { encode } from '../tokenizer.ts'
import type { Passage, Word } from './words.ts'

/** One step of the arithmetic, of which nothing shows. */
export interface WeighingStep {
  readonly kind: 'weighing'
}

type Weighing<T> = Generator<WeighingStep, T, void>

const WEIGHING: WeighingStep = { kind: 'weighing' }
/** Tokens of the word before that are read: the last ones tell what may follow. */
const MAX_BEFORE = 8
/** What a word must be more surprising than to make a passage better, as a part of the mean. */
const SHARE_OF_MEAN = 0.75

/**
 * How surprising each word is to the model after the word before it alone: words that carry a question are (names, things), words that
 * hold it together are not ("is", "the", "please"). With the whole question before it, a word that the model was taught to expect would not be.
 */
export function* surprises(model: Model, text: string, words: readonly Word[]): Weighing<readonly number[]> {
  const { network, vocabulary } = model
  const state = createState(network.config)
  const spelled = words.map(({ start, end }) => text.slice(start, end))
  const list: number[] = []
  for (const [i, word] of spelled.entries()) {
    const before = spelled[i - 1]
    const lead = before === undefined ? [] : [...encode(vocabulary, before)].slice(-MAX_BEFORE)
    state.position = 0
    for (const token of [vocabulary.special['<|user|>'], ...lead]) {
      feedToken(network, state, token)
      yield WEIGHING
    }
    const tokens = encode(vocabulary, before === undefined ? word : ` ${word}`)
    list.push(-(yield* likelihood(model, state, tokens)))
  }
  return list
}

/** A passage counts for the surprise of its words beyond three quarters of the mean of all words. */
export function weighPassages(passages: readonly Passage[], surprise: readonly number[]): Float64Array {
  const mean = surprise.reduce((sum, value) => sum + value, 0) / surprise.length
  return Float64Array.from(passages, ({ first, last }) =>
    surprise.slice(first, last + 1).reduce((sum, value) => sum + (value - SHARE_OF_MEAN * mean), 0),
  )
}

/** The mean log-probability of the tokens of each text where the state stands; by the mean, so that long ones lose nothing. */
export function* weighTexts(model: Model, state: State, texts: readonly Int32Array[]): Weighing<Float64Array> {
  const position = state.position
  const weights = new Float64Array(texts.length)
  for (const [i, tokens] of texts.entries()) {
    weights[i] = (yield* likelihood(model, state, tokens)) / tokens.length
    state.position = position
  }
  return weights
}

/** The log-probability of all tokens together. Feeds all but the last; at least one token was fed before. */
function* likelihood({ network }: Model, state: State, tokens: Int32Array): Weighing<number> {
  let sum = 0
  for (const [i, token] of tokens.entries()) {
    computeLogits(network, state)
    sum += logprobOf(state.logits, token)
    if (i + 1 < tokens.length) feedToken(network, state, token)
    yield WEIGHING
  }
  return sum
}
