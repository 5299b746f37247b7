// The AI SDK with verified answers: a provider, and the receipt among what it says about each answer.
import { generateText, streamText } from 'ai'
import type { Lock, Policy } from 'countersign'
import { type CountersignProvider, createCountersign } from 'countersign/ai-sdk'

interface Gateway {
  readonly baseURL: string
  readonly apiKey: string
  readonly policy: Policy
  readonly lock: Lock
}

interface Answer {
  readonly text: string
  readonly receipt: unknown
}

export function createProvider({ baseURL, apiKey, policy, lock }: Gateway): CountersignProvider {
  return createCountersign({ baseURL, apiKey, policy, lock })
}

export async function ask(countersign: CountersignProvider, model: string): Promise<Answer> {
  const { text, providerMetadata } = await generateText({ model: countersign(model), prompt: 'Say hello.' })
  return { text, receipt: providerMetadata?.['countersign']?.['token'] }
}

export async function askStreaming(countersign: CountersignProvider, model: string): Promise<Answer> {
  const result = streamText({
    model: countersign(model),
    prompt: 'Say hello.',
    // The SDK throws nothing out of streams. Here and in `fullStream` an answer that does not verify is an error.
    onError: ({ error }) => report(error),
  })
  let text = ''
  for await (const delta of result.textStream) text += delta
  // Rejects where the answer did not verify: until then the text is provisional.
  const providerMetadata = await result.providerMetadata
  return { text, receipt: providerMetadata?.['countersign']?.['token'] }
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : 'the answer broke off'}\n`)
}
