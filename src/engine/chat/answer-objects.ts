/** The answers of the embedded model as OpenAI objects: a whole completion, or the chunks of a stream. @module */
import type { StepLogprobs, TokenLogprob } from '../logprobs.ts'

/** What all objects of one answer share. */
export interface AnswerHead {
  /** `chatcmpl-…`, stable over all chunks. */
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
}

export interface ChatUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** A function that the answer asks the client for. */
export interface NamedCall {
  readonly id: string
  readonly name: string
}

export type FinishReason = 'stop' | 'length' | 'tool_calls'

export interface FinishedChoice {
  /** Where there is a call, its arguments. */
  readonly text: string
  readonly call: NamedCall | undefined
  readonly finish: FinishReason
  /** Empty where none were asked for. */
  readonly logprobs: readonly StepLogprobs[]
}

export interface CallDelta {
  readonly index: number
  readonly id?: string
  readonly type?: 'function'
  readonly function: { readonly name?: string; readonly arguments: string }
}

export interface Delta {
  readonly index: number
  readonly delta: {
    readonly role?: 'assistant'
    readonly content?: string | null
    readonly tool_calls?: readonly CallDelta[]
  }
  readonly finish: FinishReason | null
  readonly logprobs?: readonly StepLogprobs[]
}

const encoder = new TextEncoder()

/** One JSON object, `chat.completion`. */
export function encodeCompletion(
  { id, created, model, system_fingerprint }: AnswerHead,
  choices: readonly FinishedChoice[],
  { usage, withLogprobs }: { readonly usage: ChatUsage; readonly withLogprobs: boolean },
): Uint8Array {
  return encoder.encode(
    JSON.stringify({
      id,
      object: 'chat.completion',
      created,
      model,
      choices: choices.map(({ text, call, finish, logprobs }, index) => ({
        index,
        message: {
          role: 'assistant',
          content: call === undefined ? text : null,
          refusal: null,
          ...(call !== undefined && { tool_calls: [showCall(call, text)] }),
        },
        logprobs: withLogprobs ? { content: logprobs.map(showLogprobs), refusal: null } : null,
        finish_reason: finish,
      })),
      usage,
      system_fingerprint,
    }),
  )
}

/** Encodes the blocks of one stream. `usage` is null in every chunk but its own, and absent when it was not asked for. */
export function createChunkEncoder(
  { id, created, model, system_fingerprint }: AnswerHead,
  { includeUsage }: { readonly includeUsage: boolean },
): { delta(change: Delta): Uint8Array; usage(usage: ChatUsage): Uint8Array; done(): Uint8Array } {
  const head = { id, object: 'chat.completion.chunk', created, model, system_fingerprint } as const
  const block = (data: object): Uint8Array => encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
  return {
    delta: ({ index, delta, finish, logprobs }) =>
      block({
        ...head,
        choices: [
          {
            index,
            delta,
            logprobs: logprobs === undefined ? null : { content: logprobs.map(showLogprobs), refusal: null },
            finish_reason: finish,
          },
        ],
        ...(includeUsage ? { usage: null } : {}),
      }),
    usage: (usage) => block({ ...head, choices: [], usage }),
    done: () => encoder.encode('data: [DONE]\n\n'),
  }
}

function showCall({ id, name }: NamedCall, text: string): object {
  return { id, type: 'function', function: { name, arguments: text } }
}

function showLogprobs({ top, ...chosen }: StepLogprobs): object {
  return { ...showLogprob(chosen), top_logprobs: top.map(showLogprob) }
}

function showLogprob({ token, logprob, bytes }: TokenLogprob): object {
  return { token, logprob, bytes }
}
