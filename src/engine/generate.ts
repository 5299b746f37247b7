/** Generation of one answer, as a generator that hands control back after every token. Deterministic. @module */
import type { ChatMessage } from './chat-template.ts'
import { encodeChat } from './chat-template.ts'
import { computeLogits, feedToken } from './forward.ts'
import type { StepLogprobs } from './logprobs.ts'
import { logprobsOf } from './logprobs.ts'
import type { Model } from './model.ts'
import type { GenerateOptions } from './options.ts'
import { completeOptions } from './options.ts'
import { createRandomWords } from './random.ts'
import { sample } from './sampler.ts'
import { createState } from './state.ts'
import { TextRelease } from './stop.ts'
import { tokenBytes } from './tokenizer.ts'
import type { Vocabulary } from './vocabulary.ts'

/** `done` of `total` prompt tokens were read. */
export interface PrefillStep {
  readonly kind: 'prefill'
  readonly done: number
  readonly total: number
}

/** One token of the answer. The last step has `finish` set; its token may be the special one that ends an answer. */
export interface TokenStep {
  /** Text that may be shown; empty while an unfinished character or the beginning of a stop string is held. */
  readonly text: string
  readonly token: number
  /** Only when asked for; never for the special token that ends an answer. */
  readonly logprob?: StepLogprobs
  /** `stop`: the model ended or a stop string came up; `length`: maxTokens or the context is used up. */
  readonly finish: null | 'stop' | 'length'
}

/** Tokens of the prompt with those of the template; tokens of the answer without the one that ends it. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
}

export type GenerateStep = PrefillStep | ({ readonly kind: 'token' } & TokenStep)

/**
 * Answers a chat. The prompt is checked when the first step is asked for, before any arithmetic.
 * @throws EngineError context_length_exceeded, invalid_option
 * @example
 * let answer = ''
 * for (const step of generateChat(model, [{ role: 'user', content: 'What is a receipt?' }], { maxTokens: 100 })) {
 *   if (step.kind === 'token') answer += step.text
 * }
 */
export function* generateChat(
  model: Model,
  messages: readonly ChatMessage[],
  options: GenerateOptions = {},
): Generator<GenerateStep, Usage, void> {
  const { maxTokens, seed, choice, stop, topLogprobs, ...sampling } = completeOptions(options)
  const { network, vocabulary, contextLength } = model
  const prompt = encodeChat(vocabulary, messages, contextLength)
  const state = createState(network.config)
  for (const token of prompt) {
    feedToken(network, state, token)
    yield { kind: 'prefill', done: state.position, total: prompt.length }
  }

  const words = createRandomWords(seed, choice)
  const allowed = answerTokens(vocabulary)
  const release = new TextRelease(stop)
  const limit = Math.min(maxTokens, contextLength - prompt.length)
  const promptTokens = prompt.length
  for (let completionTokens = 1; ; completionTokens++) {
    computeLogits(network, state)
    const token = sample(state.logits, allowed, { ...sampling, words })
    if (token === vocabulary.special['<|end|>']) {
      yield { kind: 'token', text: release.end().text, token, finish: 'stop' }
      return { promptTokens, completionTokens: completionTokens - 1 }
    }
    const logprob =
      topLogprobs === undefined
        ? {}
        : { logprob: logprobsOf(vocabulary, state.logits, { token, allowed, top: topLogprobs }) }
    const { text, stopped } = release.push(tokenBytes(vocabulary, token))
    if (stopped || completionTokens === limit) {
      const rest = stopped ? { text: '', stopped } : release.end()
      yield { kind: 'token', text: text + rest.text, token, ...logprob, finish: rest.stopped ? 'stop' : 'length' }
      return { promptTokens, completionTokens }
    }
    yield { kind: 'token', text, token, ...logprob, finish: null }
    feedToken(network, state, token)
  }
}

/** The tokens an answer may consist of, ascending: all but the special ones, and the one that ends it. */
function answerTokens({ size, special }: Vocabulary): readonly number[] {
  const roles: ReadonlySet<number> = new Set(Object.values(special).filter((token) => token !== special['<|end|>']))
  return Array.from({ length: size }, (_, token) => token).filter((token) => !roles.has(token))
}
