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

export interface FinishedChoice {
  readonly text: string
  readonly finish: 'stop' | 'length'
  /** Empty where none were asked for. */
  readonly logprobs: readonly StepLogprobs[]
}

export interface Delta {
  readonly index: number
  readonly delta: { readonly role?: 'assistant'; readonly content?: string }
  readonly finish: 'stop' | 'length' | null
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
      choices: choices.map(({ text, finish, logprobs }, index) => ({
        index,
        message: { role: 'assistant', content: text, refusal: null },
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

function showLogprobs({ top, ...chosen }: StepLogprobs): object {
  return { ...showLogprob(chosen), top_logprobs: top.map(showLogprob) }
}

function showLogprob({ token, logprob, bytes }: TokenLogprob): object {
  return { token, logprob, bytes }
}
