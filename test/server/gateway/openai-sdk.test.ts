/** The official client against a running gateway: nothing about it may need to change. */
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CHAT_COMPLETION,
  CHAT_STREAM,
  errorAnswer,
  gated,
  json,
  resetMidStream,
  sse,
  TOOL_CALL_STREAM,
} from '../upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../upstream/mock-upstream.ts'
import { type GatewayFixture, SPLICED_MODEL, startFixture, withOutcome } from './gateway-fixture.ts'

const [FIRST = ''] = CHAT_STREAM.split(/(?<=\n\n)/)
const CHOICE = { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }

function answer({ body }: ReceivedRequest): Script {
  const { user, stream, n } = JSON.parse(Buffer.from(body).toString())
  switch (user) {
    case 'tools':
      return sse(TOOL_CALL_STREAM, [13])
    case 'reset':
      return resetMidStream()
    case 'hang':
      return [...gated([[FIRST, Promise.resolve()]]).slice(0, -1), 'hang']
    case 'rate':
      return errorAnswer(429, 'openai')
    default:
      if (stream) return sse(CHAT_STREAM, [5])
      return json({ ...CHAT_COMPLETION, choices: Array.from({ length: n ?? 1 }, (_, index) => ({ ...CHOICE, index })) })
  }
}

describe('the OpenAI client', () => {
  let fixture: GatewayFixture
  let client: OpenAI
  beforeAll(async () => {
    fixture = await startFixture({ answer })
    client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  })
  afterAll(() => fixture.close())

  const messages = [{ role: 'user' as const, content: 'Grüß Gott' }]

  it('gets an answer', async () => {
    const answered = await client.chat.completions.create({ model: SPLICED_MODEL, messages })
    expect(answered.choices[0]?.message.content).toBe('Hello')
    expect(answered.usage?.total_tokens).toBe(8)
  })

  it('gets two choices', async () => {
    const answered = await client.chat.completions.create({ model: SPLICED_MODEL, messages, n: 2 })
    expect(answered.choices).toHaveLength(2)
  })

  it('gets a stream with usage, and no word of the receipt in its text', async () => {
    const stream = await client.chat.completions.create({
      model: SPLICED_MODEL,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let tokens: number | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      tokens = chunk.usage?.total_tokens ?? tokens
    }
    expect(text).toBe('Grüß dich 👋')
    expect(tokens).toBe(9)
  })

  it('gets tool calls in parts', async () => {
    const runner = client.chat.completions.stream({ model: SPLICED_MODEL, messages, user: 'tools' })
    const { choices } = await runner.finalChatCompletion()
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_a', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'call_b', function: { name: 'g', arguments: '{}' } },
    ])
  })

  it('throws on a stream that was cut, instead of taking it for an answer', async () => {
    const stream = await client.chat.completions.create({ model: SPLICED_MODEL, messages, stream: true, user: 'reset' })
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
  })

  it('aborts, and the upstream hears of it', async () => {
    const before = fixture.mock.received.length
    const controller = new AbortController()
    const stream = await client.chat.completions.create(
      { model: SPLICED_MODEL, messages, stream: true, user: 'hang' },
      { signal: controller.signal },
    )
    const read = async (): Promise<void> => {
      for await (const _ of stream) controller.abort()
    }
    await read().catch((error: unknown) => expect(error).toBeInstanceOf(APIUserAbortError))
    await (await fixture.mock.request(before)).gone
    await fixture.line(withOutcome('client_aborted'))
  })

  it.each([
    ['400', { model: SPLICED_MODEL, messages: [] }, 400, 'invalid_request_error'],
    ['404', { model: 'nobody', messages }, 404, 'invalid_request_error'],
    ['429', { model: SPLICED_MODEL, messages, user: 'rate' }, 429, 'invalid_request_error'],
  ])('throws a typed error for %s', async (_name, body, status, type) => {
    const error = await client.chat.completions.create(body).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(APIError)
    expect(error).not.toBeInstanceOf(APIConnectionError)
    expect(error).toMatchObject({ status, type, message: expect.stringMatching(/\w/) })
  })

  it('lists models, and finds one whose id has a slash', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toContain(SPLICED_MODEL)
    expect((await client.models.retrieve(SPLICED_MODEL)).id).toBe(SPLICED_MODEL)
  })

  it('sees the receipt among the headers', async () => {
    const { response } = await client.chat.completions.create({ model: SPLICED_MODEL, messages }).withResponse()
    expect(response.headers.get('inference-receipt')).toContain('~')
  })
})
