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
  const result = streamText({ model: countersign(model), prompt: 'Say hello.' })
  let text = ''
  // Throws before the end where the answer does not verify: until then the text is provisional.
  for await (const delta of result.textStream) text += delta
  const providerMetadata = await result.providerMetadata
  return { text, receipt: providerMetadata?.['countersign']?.['token'] }
}
