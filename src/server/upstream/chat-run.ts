/** Runs the embedded model for a request: one token, then the event loop has its turn. @module */
import { setImmediate } from 'node:timers/promises'
import {
  EngineError,
  type GenerateStep,
  generateChat,
  type Model,
  type TokenStep,
  type Usage,
} from '../../engine/index.ts'
import type { ChatRequest } from './chat-request.ts'
import { UpstreamFailure } from './upstream-failure.ts'

/** One choice under way. */
export interface ChatRun {
  /** The steps that show or end something; returns the usage. Throws UpstreamFailure `aborted`. */
  steps(): AsyncGenerator<TokenStep, Usage, void>
}

/**
 * Takes up one choice and reads the first token of the prompt, so that what cannot be answered is refused before any octet.
 * @throws EngineError context_length_exceeded, invalid_option
 */
export function startRun(
  model: Model,
  { messages, sampling, topLogprobs }: ChatRequest,
  { choice, signal }: { readonly choice: number; readonly signal: AbortSignal },
): ChatRun {
  const generator = generateChat(model, messages, {
    temperature: sampling.temperature,
    topP: sampling.top_p,
    seed: sampling.seed,
    choice,
    stop: sampling.stop,
    ...(sampling.max_tokens === null ? {} : { maxTokens: sampling.max_tokens }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
  })
  const first = generator.next()
  return { steps: () => drive(generator, first, signal) }
}

async function* drive(
  generator: Generator<GenerateStep, Usage, void>,
  first: IteratorResult<GenerateStep, Usage>,
  signal: AbortSignal,
): AsyncGenerator<TokenStep, Usage, void> {
  for (let result = first; ; result = step(generator)) {
    if (result.done === true) return result.value
    if (result.value.kind === 'token') yield result.value
    await setImmediate()
    if (signal.aborted) throw new UpstreamFailure('aborted', 'the embedded model was given up by the client')
  }
}

/** After the first step only broken weights can stop the engine. */
function step(generator: Generator<GenerateStep, Usage, void>): IteratorResult<GenerateStep, Usage> {
  try {
    return generator.next()
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new UpstreamFailure('protocol', `the embedded model failed (${error.code})`)
  }
}
