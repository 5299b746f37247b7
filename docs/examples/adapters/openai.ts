// The OpenAI SDK with verified answers: one `fetch` more, and the receipt of each answer.
import { createAttestedFetch, type Lock, type Policy } from 'countersign'
import { notVerifiedOf, receiptOf, receiptOption } from 'countersign/openai'
import OpenAI from 'openai'

interface Gateway {
  readonly baseURL: string
  readonly apiKey: string
  readonly policy: Policy
  readonly lock: Lock
}

interface Answer {
  readonly text: string
  /** Others can verify it: it names the code, the model and the octets of question and answer. */
  readonly receipt: string
}

export function createClient({ baseURL, apiKey, policy, lock }: Gateway): OpenAI {
  return new OpenAI({ baseURL, apiKey, fetch: createAttestedFetch({ policy, lock }) })
}

export async function ask(client: OpenAI, model: string): Promise<Answer> {
  const completion = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Say hello.' }],
  })
  const { token } = await receiptOf(completion)
  return { text: completion.choices[0]?.message.content ?? '', receipt: token }
}

export async function askStreaming(client: OpenAI, model: string): Promise<Answer> {
  const asked = receiptOption()
  const stream = await client.chat.completions.create(
    { model, messages: [{ role: 'user', content: 'Say hello.' }], stream: true },
    asked.option,
  )
  let text = ''
  // Throws before the end where the answer does not verify: until then the text is provisional.
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  const { token } = await asked.receipt()
  return { text, receipt: token }
}

/** What to tell people when a call threw. */
export function explain(error: unknown): string {
  const refusal = notVerifiedOf(error)
  return refusal === undefined ? 'The gateway could not answer.' : `Do not trust this gateway: ${refusal.failure}.`
}
