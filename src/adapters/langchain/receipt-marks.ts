/** Asks for the receipts of one call, and writes the last one where LangChain keeps what came beside an answer. @module */
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import type { ChatModelStreamEvent } from '@langchain/core/language_models/event'
import { AIMessageChunk } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs'
import type { OpenAICoreRequestOptions } from '@langchain/openai'
import { withReceipt } from '../../client/index.ts'
import { type Attempts, createAttempts } from '../attempts.ts'
import { recordOf } from '../receipt-record.ts'

/** What the methods of a chat model take and give. */
export interface CallParts<Model extends { readonly ParsedCallOptions: unknown }> {
  readonly options: Model['ParsedCallOptions']
  readonly runManager: CallbackManagerForLLMRun | undefined
  readonly result: ChatResult
  readonly chunks: AsyncGenerator<ChatGenerationChunk>
  readonly events: AsyncGenerator<ChatModelStreamEvent>
}

/** Options for the request: whole answers take them from `options.options`, streams from `options` itself. */
export function withAttempts<Options extends { readonly options?: OpenAICoreRequestOptions }>(
  options: Options,
): { readonly attempts: Attempts; readonly asking: Options } {
  const attempts = createAttempts()
  const fetchOptions = withReceipt(options.options?.fetchOptions ?? {}, attempts.note)
  return { attempts, asking: { ...options, fetchOptions, options: { ...options.options, fetchOptions } } }
}

export async function markResult(result: ChatResult, attempts: Attempts): Promise<ChatResult> {
  const countersign = recordOf(await attempts.last())
  for (const { message } of result.generations) {
    message.response_metadata = { ...message.response_metadata, countersign }
  }
  return result
}

/** One more chunk, without text, after the last: by then the receipt has verified, and where it has not the stream has thrown. */
export async function* markStream(
  chunks: AsyncIterable<ChatGenerationChunk>,
  attempts: Attempts,
): AsyncGenerator<ChatGenerationChunk> {
  yield* chunks
  const countersign = recordOf(await attempts.last())
  const message = new AIMessageChunk({ content: '', response_metadata: { countersign } })
  yield new ChatGenerationChunk({ text: '', message })
}

/** The event that finishes a message waits for the stream's end. */
export async function* markEvents(
  events: AsyncIterable<ChatModelStreamEvent>,
  attempts: Attempts,
): AsyncGenerator<ChatModelStreamEvent> {
  const finishes: Extract<ChatModelStreamEvent, { readonly event: 'message-finish' }>[] = []
  for await (const event of events) {
    if (event.event === 'message-finish') finishes.push(event)
    else yield event
  }
  const countersign = recordOf(await attempts.last())
  for (const event of finishes) yield { ...event, responseMetadata: { ...event.responseMetadata, countersign } }
}
