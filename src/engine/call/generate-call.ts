/**
 * A call of a tool that the model is made to give. It was never taught to, so the form is given, and the model chooses among the values
 * that an argument may have, with the sampler and seed of any answer. Deterministic. @module
 */
import { type ChatMessage, encodeChat } from '../chat-template.ts'
import { feedToken } from '../forward.ts'
import type { TokenStep, Usage } from '../generate.ts'
import type { Model } from '../model.ts'
import { completeOptions, type GenerateOptions } from '../options.ts'
import { createRandomWords } from '../random.ts'
import { sample } from '../sampler.ts'
import { createState } from '../state.ts'
import { TextRelease } from '../stop.ts'
import { encode, tokenBytes } from '../tokenizer.ts'
import { type CallForm, type PassageCandidate, planCall } from './plan.ts'
import { surprises, type WeighingStep, weighPassages, weighTexts } from './weigh.ts'

/** The text of token steps is that of the arguments. */
export type CallStep = WeighingStep | ({ readonly kind: 'token' } & TokenStep)

/**
 * An argument of text is a passage of the source, weighed by how surprising its words are; any other is a value that its form allows,
 * weighed by how likely it is after the prompt and the call so far. Checked when the first step is asked for, before any arithmetic.
 * Stop strings end texts and no calls; the tokens of the completion are those of the arguments.
 * @throws EngineError context_length_exceeded, invalid_option
 */
export function* generateCall(
  model: Model,
  messages: readonly ChatMessage[],
  { form, ...options }: GenerateOptions & { readonly form: CallForm },
): Generator<CallStep, Usage, void> {
  const { maxTokens, seed, choice, temperature, topP } = completeOptions(options)
  const { network, vocabulary, contextLength } = model
  const prompt = encodeChat(vocabulary, messages, contextLength)
  const read = [...prompt, ...encode(vocabulary, `${form.name}(`)]
  const { words, fields, closing } = planCall(model, form, Math.min(maxTokens, contextLength - read.length))

  const random = createRandomWords(seed, choice)
  const draw = <T>(candidates: readonly T[], weights: Float64Array): T | undefined =>
    candidates[sample(weights, Array.from(candidates.keys()), { temperature, topP, words: random })]
  const state = createState(network.config)
  const surprise = yield* surprises(model, form.source, words)
  const taken: PassageCandidate[] = []
  const written: number[] = []
  for (const field of fields) {
    written.push(...field.opening)
    if (field.kind === 'passage') {
      const candidates = untaken(field.candidates, taken)
      const passage = draw(candidates, weighPassages(candidates, surprise))
      if (passage === undefined) continue
      taken.push(passage)
      written.push(...passage.tokens)
    } else {
      for (const token of [...read, ...written].slice(state.position)) {
        feedToken(network, state, token)
        yield { kind: 'weighing' }
      }
      written.push(...(draw(field.candidates, yield* weighTexts(model, state, field.candidates)) ?? []))
    }
  }
  written.push(...closing)
  yield* show(model, written)
  return { promptTokens: prompt.length, completionTokens: written.length }
}

/** Two arguments of text get other words, as long as there are any. */
function untaken(
  candidates: readonly PassageCandidate[],
  taken: readonly PassageCandidate[],
): readonly PassageCandidate[] {
  const free = candidates.filter(({ first, last }) => taken.every((other) => last < other.first || other.last < first))
  return free.length === 0 ? candidates : free
}

function* show({ vocabulary }: Model, tokens: readonly number[]): Generator<CallStep, void, void> {
  const release = new TextRelease([])
  for (const [i, token] of tokens.entries()) {
    const { text } = release.push(tokenBytes(vocabulary, token))
    yield { kind: 'token', text, token, finish: i + 1 === tokens.length ? 'stop' : null }
  }
}
