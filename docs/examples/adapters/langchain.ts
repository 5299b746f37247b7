// LangChain with verified answers: a chat model, and the receipt in the metadata of each message.
import type { AIMessageChunk } from '@langchain/core/messages'
import type { ChatOpenAI } from '@langchain/openai'
import type { Lock, Policy } from 'countersign'
import { createCountersignChat, type ReceiptRecord } from 'countersign/langchain'

interface Gateway {
  readonly baseURL: string
  readonly apiKey: string
  readonly model: string
  readonly policy: Policy
  readonly lock: Lock
}

interface Answer {
  readonly text: string
  readonly receipt: string | undefined
}

export function createModel({ baseURL, apiKey, model, policy, lock }: Gateway): ChatOpenAI {
  return createCountersignChat({ baseURL, apiKey, model, policy, lock })
}

export async function ask(model: ChatOpenAI): Promise<Answer> {
  const message = await model.invoke('Say hello.')
  return { text: message.text, receipt: receiptIn(message.response_metadata) }
}

export async function askStreaming(model: ChatOpenAI): Promise<Answer> {
  let answer: AIMessageChunk | undefined
  // Throws before the end where the answer does not verify: until then the text is provisional.
  for await (const chunk of await model.stream('Say hello.')) answer = answer?.concat(chunk) ?? chunk
  return { text: answer?.text ?? '', receipt: receiptIn(answer?.response_metadata ?? {}) }
}

function receiptIn(metadata: { readonly countersign?: ReceiptRecord }): string | undefined {
  return metadata.countersign?.token
}
