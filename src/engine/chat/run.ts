/** Runs the embedded model for a request: one token, then others have their turn. @module */
import { type CallStep, generateCall } from '../call/generate-call.ts'
import { type GenerateStep, generateChat, type TokenStep, type Usage } from '../generate.ts'
import type { Model } from '../model.ts'
import type { ChatRequest } from './request.ts'

/** Called after each step of the arithmetic: lets others have their turn, and throws to end the run. */
export type Turn = () => Promise<void>

/** One choice under way. */
export interface ChatRun {
  /** The steps that show or end something; returns the usage. Throws what the turn throws, and EngineError invalid_model. */
  steps(): AsyncGenerator<TokenStep, Usage, void>
}

/**
 * Takes up one choice, of text or of the call that is demanded, and takes the first step of the arithmetic, so that what cannot be answered is refused before any octet.
 * @throws EngineError context_length_exceeded, invalid_option
 */
export function startRun(
  model: Model,
  { messages, sampling, topLogprobs, call }: ChatRequest,
  { choice, turn }: { readonly choice: number; readonly turn: Turn },
): ChatRun {
  const options = {
    temperature: sampling.temperature,
    topP: sampling.top_p,
    seed: sampling.seed,
    choice,
    stop: sampling.stop,
    ...(sampling.max_tokens === null ? {} : { maxTokens: sampling.max_tokens }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
  }
  const generator =
    call === undefined
      ? generateChat(model, messages, options)
      : generateCall(model, messages, { ...options, form: call })
  const first = generator.next()
  return { steps: () => drive(generator, first, turn) }
}

async function* drive(
  generator: Generator<GenerateStep | CallStep, Usage, void>,
  first: IteratorResult<GenerateStep | CallStep, Usage>,
  turn: Turn,
): AsyncGenerator<TokenStep, Usage, void> {
  for (let result = first; ; result = generator.next()) {
    if (result.done === true) return result.value
    if (result.value.kind === 'token') yield result.value
    await turn()
  }
}
