/** Turns runs of the embedded model into an answer: all at once, or block by block while a reader asks for more. @module */
import type { TokenStep, Usage } from '../generate.ts'
import type { StepLogprobs } from '../logprobs.ts'
import {
  type AnswerHead,
  type ChatUsage,
  createChunkEncoder,
  type Delta,
  encodeCompletion,
  type FinishedChoice,
  type FinishReason,
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
    const { choice, usage } = await finish(run, answering.request)
    choices.push(choice)
    usages.push(usage)
  }
  const withLogprobs = answering.request.topLogprobs !== undefined
  return encodeCompletion(answering.head, choices, { usage: addUsage(usages), withLogprobs })
}

async function finish(
  run: ChatRun,
  { call }: ChatRequest,
): Promise<{ readonly choice: FinishedChoice; readonly usage: Usage }> {
  const steps = run.steps()
  const logprobs: StepLogprobs[] = []
  let text = ''
  let finish: FinishReason = 'stop'
  for (;;) {
    const result = await steps.next()
    if (result.done === true) return { choice: { text, call, finish, logprobs }, usage: result.value }
    text += result.value.text
    if (result.value.logprob !== undefined) logprobs.push(result.value.logprob)
    finish = reasonOf(result.value, call) ?? finish
  }
}

/**
 * The blocks of a stream: role, text or the arguments of the call as they come, finish for each choice; usage if asked for; `[DONE]`.
 * Works only while it is read. Throws what the turn throws, and EngineError invalid_model.
 */
export async function* streamBlocks(answering: Answering): AsyncGenerator<Uint8Array, void, void> {
  const { request, head } = answering
  const encoder = createChunkEncoder(head, request)
  const usages: Usage[] = []
  for (const [index, run] of runs(answering)) {
    yield encoder.delta({ index, delta: opening(request), finish: null })
    const steps = run.steps()
    for (let result = await steps.next(); ; result = await steps.next()) {
      if (result.done === true) {
        usages.push(result.value)
        break
      }
      const { text, logprob } = result.value
      const finish = reasonOf(result.value, request.call)
      const logprobs = logprob === undefined ? {} : { logprobs: [logprob] }
      if (text !== '' || logprob !== undefined)
        yield encoder.delta({ index, delta: piece(request, text), finish: null, ...logprobs })
      if (finish !== null) yield encoder.delta({ index, delta: {}, finish })
    }
  }
  if (request.includeUsage) yield encoder.usage(addUsage(usages))
  yield encoder.done()
}

function opening({ call }: ChatRequest): Delta['delta'] {
  if (call === undefined) return { role: 'assistant', content: '' }
  const { id, name } = call
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: '' } }],
  }
}

function piece({ call }: ChatRequest, text: string): Delta['delta'] {
  return call === undefined ? { content: text } : { tool_calls: [{ index: 0, function: { arguments: text } }] }
}

function reasonOf({ finish }: TokenStep, call: ChatRequest['call']): FinishReason | null {
  return finish === null || call === undefined ? finish : 'tool_calls'
}

/** The prompt counts once, whatever the number of choices. */
function addUsage(usages: readonly Usage[]): ChatUsage {
  const prompt = usages[0]?.promptTokens ?? 0
  const completion = usages.reduce((sum, { completionTokens }) => sum + completionTokens, 0)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
