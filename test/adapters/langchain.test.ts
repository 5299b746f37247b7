/** The chat model for LangChain: where receipts are, and what becomes of answers that do not verify. */
import type { AIMessageChunk } from '@langchain/core/messages'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CountersignChatFields, createCountersignChat, notVerifiedOf } from '../../src/adapters/langchain/index.ts'
import type { AttestedReceipt } from '../../src/client/index.ts'
import { MODEL, type Scene, startScene, withoutReceipts } from './scene.ts'

let scene: Scene
const receipts: AttestedReceipt[] = []
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.close())

const createModel = (fields: Partial<CountersignChatFields> = {}): ReturnType<typeof createCountersignChat> =>
  createCountersignChat({
    baseURL: scene.base,
    apiKey: 'unused',
    model: MODEL,
    ...scene.trust,
    onReceipt: (receipt) => void receipts.push(receipt),
    ...fields,
  })

const lastToken = (): string | undefined => receipts.at(-1)?.token

async function readAll(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk | undefined> {
  let whole: AIMessageChunk | undefined
  for await (const chunk of chunks) whole = whole?.concat(chunk) ?? chunk
  return whole
}

describe.each([
  ['chat completions', {}, 'Hello', 'Grüß dich 👋'],
  ['responses', { useResponsesApi: true }, 'Grüß dich', 'Grüß dich'],
] as const)('a receipt over %s', (_api, fields, text, streamed) => {
  it('is in the metadata of a message', async () => {
    const message = await createModel(fields).invoke('Say hello.')
    expect(message.text).toBe(text)
    expect(message.response_metadata['countersign']).toMatchObject({
      token: lastToken(),
      grade: 'signed',
      simulated: true,
    })
  })

  it('is in the last chunk of a stream', async () => {
    const message = await readAll(await createModel(fields).stream('Say hello.'))
    expect(message?.text).toBe(streamed)
    expect(message?.response_metadata['countersign']).toMatchObject({ token: lastToken(), grade: 'signed' })
  })

  it('is in the event that finishes a message', async () => {
    const finishes: unknown[] = []
    for await (const event of createModel(fields).streamEvents('Say hello.'))
      if (event.event === 'message-finish') finishes.push(event.responseMetadata?.['countersign'])
    expect(finishes).toEqual([expect.objectContaining({ token: lastToken() })])
  })

  it('is kept by a model with bound options', async () => {
    const message = await createModel(fields)
      .withConfig({ tags: ['bound'] })
      .invoke('Say hello.')
    expect(message.response_metadata['countersign']).toMatchObject({ token: lastToken() })
  })
})

describe('a receipt', () => {
  // Over chat completions LangChain counts tokens then, with a table that it fetches from elsewhere.
  it('is in a message that was read as a stream', async () => {
    const message = await createModel({ useResponsesApi: true, streaming: true }).invoke('Say hello.')
    expect(message.response_metadata['countersign']).toMatchObject({ token: lastToken() })
  })

  it('is of its own call, among calls that run at once', async () => {
    const before = receipts.length
    const messages = await createModel().batch(['One.', 'Two.', 'Three.'])
    const told = messages.map(({ response_metadata: { countersign } }) => JSON.parse(JSON.stringify(countersign)).token)
    expect(told.toSorted()).toEqual(
      receipts
        .slice(before)
        .map(({ token }) => token)
        .toSorted(),
    )
    expect(new Set(told).size).toBe(3)
  })
})

describe('without a receipt', () => {
  let asked = 0
  const stripped = (): ReturnType<typeof createCountersignChat> =>
    createModel({
      deps: {
        fetch: (input, init) => {
          if (String(input).endsWith('/chat/completions')) asked += 1
          return withoutReceipts(input, init)
        },
      },
    })

  it('a message is an error that names the check, and is not asked for again', async () => {
    asked = 0
    const error = await stripped()
      .invoke('Say hello.')
      .catch((thrown: unknown) => thrown)
    expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
    expect(asked).toBe(1)
  })

  it('a stream throws before its end', async () => {
    const error = await readAll(await stripped().stream('Say hello.')).catch((thrown: unknown) => thrown)
    expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
  })
})

describe('an error of the gateway', () => {
  it('is asked again as LangChain does it', async () => {
    scene.failNext(1)
    const before = receipts.length
    const message = await createModel({ maxRetries: 1 }).invoke('Say hello.')
    expect(message.text).toBe('Hello')
    expect(receipts.slice(before).map(({ claims }) => claims.outcome === 'complete')).toEqual([false, true])
  })

  it('is not asked again where it is for good', async () => {
    const before = receipts.length
    const error = await createModel({ model: 'nobody', maxRetries: 3 })
      .invoke('Say hello.')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 404 })
    expect(receipts.length - before).toBe(1)
  })
})
