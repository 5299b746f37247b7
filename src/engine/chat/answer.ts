/** Turns runs of the embedded model into an answer: all at once, or block by block while a reader asks for more. @module */
import type { Usage } from '../generate.ts'
import type { StepLogprobs } from '../logprobs.ts'
import {
  type AnswerHead,
  type ChatUsage,
  createChunkEncoder,
  encodeCompletion,
  type FinishedChoice,
} from './answer-objects.ts'
import type { ChatRequest } from './request.ts'
import type { ChatRun } from './run.ts'

export interface Answering {
  readonly request: ChatRequest
  /** Takes up a choice; asked for each once, in order, when the one before has ended. */
  run(choice: number): ChatRun
  readonly head: AnswerHead
}

/** The choices, one after the other. */
function* runs({ request, run }: Answering): Generator<readonly [number, ChatRun], void, void> {
  for (let choice = 0; choice < request.sampling.n; choice++) yield [choice, run(choice)]
}

/** @throws what the turn throws, and EngineError invalid_model */
export async function wholeCompletion(answering: Answering): Promise<Uint8Array> {
  const choices: FinishedChoice[] = []
  const usages: Usage[] = []
  for (const [, run] of runs(answering)) {
    const { choice, usage } = await finish(run)
    choices.push(choice)
    usages.push(usage)
  }
  const withLogprobs = answering.request.topLogprobs !== undefined
  return encodeCompletion(answering.head, choices, { usage: addUsage(usages), withLogprobs })
}

async function finish(run: ChatRun): Promise<{ readonly choice: FinishedChoice; readonly usage: Usage }> {
  const steps = run.steps()
  const logprobs: StepLogprobs[] = []
  let text = ''
  let finish: FinishedChoice['finish'] = 'stop'
  for (;;) {
    const result = await steps.next()
    if (result.done === true) return { choice: { text, finish, logprobs }, usage: result.value }
    text += result.value.text
    if (result.value.logprob !== undefined) logprobs.push(result.value.logprob)
    finish = result.value.finish ?? finish
  }
}

/**
 * The blocks of a stream: role, text as it comes, finish for each choice; usage if asked for; `[DONE]`.
 * Works only while it is read. Throws what the turn throws, and EngineError invalid_model.
 */
export async function* streamBlocks(answering: Answering): AsyncGenerator<Uint8Array, void, void> {
  const encoder = createChunkEncoder(answering.head, answering.request)
  const usages: Usage[] = []
  for (const [index, run] of runs(answering)) {
    yield encoder.delta({ index, delta: { role: 'assistant', content: '' }, finish: null })
    const steps = run.steps()
    for (let result = await steps.next(); ; result = await steps.next()) {
      if (result.done === true) {
        usages.push(result.value)
        break
      }
      const { text, logprob, finish } = result.value
      const logprobs = logprob === undefined ? {} : { logprobs: [logprob] }
      if (text !== '' || logprob !== undefined)
        yield encoder.delta({ index, delta: { content: text }, finish: null, ...logprobs })
      if (finish !== null) yield encoder.delta({ index, delta: {}, finish })
    }
  }
  if (answering.request.includeUsage) yield encoder.usage(addUsage(usages))
  yield encoder.done()
}

/** The prompt counts once, whatever the number of choices. */
function addUsage(usages: readonly Usage[]): ChatUsage {
  const prompt = usages[0]?.promptTokens ?? 0
  const completion = usages.reduce((sum, { completionTokens }) => sum + completionTokens, 0)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
