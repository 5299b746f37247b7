/** The official client on the APIs beside chat: answers, streams, and errors that it must see. */
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  json,
  RESPONSE,
  RESPONSE_EVENTS,
  RESPONSE_STREAM,
  sse,
  TEXT_COMPLETION,
  TEXT_STREAM,
} from '../upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../upstream/mock-upstream.ts'
import { type GatewayFixture, SPLICED_MODEL, startFixture } from './gateway-fixture.ts'

const FLOATS = [1, -2.5]

function embed(format: unknown): Script {
  const embedding = format === 'base64' ? Buffer.from(Float32Array.from(FLOATS).buffer).toString('base64') : FLOATS
  return json({ object: 'list', data: [{ object: 'embedding', index: 0, embedding }], model: 'm' })
}

function answer({ path, body }: ReceivedRequest): Script {
  const { stream, user, encoding_format } = JSON.parse(Buffer.from(body).toString())
  if (path === '/v1/embeddings') return embed(encoding_format)
  if (path === '/v1/completions') return stream ? sse(TEXT_STREAM, [3]) : json(TEXT_COMPLETION)
  if (!stream) return json(RESPONSE)
  return sse(user === 'cut' ? RESPONSE_EVENTS.join('') : RESPONSE_STREAM, [11])
}

describe('the OpenAI client', () => {
  let fixture: GatewayFixture
  let client: OpenAI
  beforeAll(async () => {
    fixture = await startFixture({ answer })
    client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  })
  afterAll(() => fixture.close())

  it('gets a completion, whole and streamed', async () => {
    const prompt = 'Once'
    const whole = await client.completions.create({ model: SPLICED_MODEL, prompt })
    expect(whole.choices[0]?.text).toBe(' upon')
    let text = ''
    for await (const { choices } of await client.completions.create({ model: SPLICED_MODEL, prompt, stream: true }))
      text += choices[0]?.text ?? ''
    expect(text).toBe(' upon a time')
  })

  it.each([undefined, 'float', 'base64'] as const)(
    'gets embeddings in the encoding that it asks for (%s)',
    async (format) => {
      const { data } = await client.embeddings.create({
        model: SPLICED_MODEL,
        input: 'Grüß',
        ...(format === undefined ? {} : { encoding_format: format }),
      })
      // Asked for none, it asks for base64 and decodes.
      const expected = format === 'base64' ? Buffer.from(Float32Array.from(FLOATS).buffer).toString('base64') : FLOATS
      expect(data[0]?.embedding).toEqual(expected)
    },
  )

  it('gets a response, whole and streamed', async () => {
    const whole = await client.responses.create({ model: SPLICED_MODEL, input: 'Grüß Gott' })
    expect(whole.output_text).toBe('Grüß dich')
    const types: string[] = []
    let text = ''
    for await (const event of await client.responses.create({ model: SPLICED_MODEL, input: 'x', stream: true })) {
      types.push(event.type)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(text).toBe('Grüß dich')
    expect(types.at(-1)).toBe('response.completed')
    const runner = client.responses.stream({ model: SPLICED_MODEL, input: 'x' })
    expect((await runner.finalResponse()).output_text).toBe('Grüß dich')
  })

  it('throws on a streamed response that was cut, instead of taking it for whole', async () => {
    const cut = { model: SPLICED_MODEL, input: 'x', user: 'cut' }
    const read = async (): Promise<void> => {
      for await (const _ of await client.responses.create({ ...cut, stream: true }));
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
    await expect(client.responses.stream(cut).finalResponse()).rejects.toBeInstanceOf(APIError)
  })
})
