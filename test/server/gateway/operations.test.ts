/** The inference APIs beside chat: exact octets, receipts and honest outcomes as chat has them, each by its own rules of an end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { EMBEDDED_MODEL_ID } from '../../../src/server/config/index.ts'
import {
  CHAT_STREAM,
  chunked,
  errorAnswer,
  json,
  RESPONSE,
  RESPONSE_EVENTS,
  RESPONSE_STREAM,
  resetMidStream,
  responseEvent,
  sse,
  sseHead,
  TEXT_COMPLETION,
  TEXT_STREAM,
} from '../upstream/mock-answers.ts'
import type { Script } from '../upstream/mock-upstream.ts'
import {
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  ridOf,
  SPLICED_MODEL,
  startFixture,
  verifySigned,
} from './gateway-fixture.ts'
import type { Reply } from './http-client.ts'

/** What an embedding answers in the form that SDKs ask for. */
const EMBEDDING =
  '{ "object":"list", "data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}], "model":"m",\n"usage":{"prompt_tokens":3,"total_tokens":3} }'

const scripts: { next: Script } = { next: [] }
let fixture: GatewayFixture
beforeAll(async () => {
  fixture = await startFixture({ answer: () => scripts.next })
})
afterAll(() => fixture.close())

interface Asked {
  readonly path: string
  readonly request: string
  readonly script: Script
}

async function send({ path, request, script }: Asked): Promise<Reply> {
  scripts.next = script
  return fixture.post(path, request)
}

async function receiptedAs(outcome: string, request: string, reply: Reply): Promise<object> {
  const signed = await verifySigned(fixture, { request, reply, outcome: 'any' })
  expect(signed.claims.outcome).toBe(outcome)
  return decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`)).text).disclosed.exchange ?? {}
}

/** The octets of a stream before the receipt's comment. */
const answerOf = (reply: Reply): string => reply.text.replace(/: receipt [^\n]*\n\n$/, '')

const request = (model: string, more: object): string => ` ${JSON.stringify({ model, ...more })}\n`

describe('a good answer', () => {
  it.each([
    [
      '/v1/completions',
      { prompt: 'Once' },
      JSON.stringify(TEXT_COMPLETION, null, 1),
      {
        operation_name: 'text_completion',
        response_id: 'cmpl-1',
        response_finish_reasons: ['length'],
        usage_input_tokens: 1,
        usage_output_tokens: 1,
      },
    ],
    [
      '/v1/embeddings',
      { input: ['Grüß'], encoding_format: 'base64' },
      EMBEDDING,
      { operation_name: 'embeddings', response_model: 'm', usage_input_tokens: 3 },
    ],
    [
      '/v1/responses',
      { input: 'Grüß Gott' },
      JSON.stringify(RESPONSE, null, 1),
      {
        operation_name: 'chat',
        response_id: 'resp_1',
        response_finish_reasons: ['completed'],
        usage_input_tokens: 7,
        usage_output_tokens: 2,
      },
    ],
  ])('of %s passes octet by octet, and so does the request but for its model', async (path, more, body, facts) => {
    const asked = request(SPLICED_MODEL, more)
    const octets = new TextEncoder().encode(body)
    const script = [
      {
        write: new TextEncoder().encode(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${octets.length}\r\n\r\n`,
        ),
      },
      { write: octets },
    ]
    const reply = await send({ path, request: asked, script })
    expect([reply.status, reply.text]).toEqual([200, body])
    const seen = fixture.mock.received.at(-1)
    expect(seen?.path).toBe(path)
    expect(Buffer.from(seen?.body ?? []).toString()).toBe(asked.replace(JSON.stringify(SPLICED_MODEL), '"m"'))
    const exchange = await receiptedAs('complete', asked, reply)
    expect(exchange).toMatchObject({ http: { '@path': path, '@status': 200 }, gen_ai: facts })
  })

  it.each([
    ['/v1/completions', { prompt: 'Once' }, TEXT_STREAM],
    ['/v1/responses', { input: 'Grüß' }, RESPONSE_STREAM],
  ])('of %s streams event by event, with the receipt behind', async (path, more, stream) => {
    const asked = request(SPLICED_MODEL, { ...more, stream: true })
    const reply = await send({ path, request: asked, script: sse(stream, [7]) })
    expect(reply.headers['content-type']).toBe('text/event-stream')
    expect(answerOf(reply)).toBe(stream)
    await receiptedAs('complete', asked, reply)
  })

  it.each([
    ['/v1/completions', { prompt: 'Once' }, json(TEXT_COMPLETION)],
    ['/v1/embeddings', { input: 'Once' }, json({ data: [{}] })],
    ['/v1/responses', { input: 'Once' }, json(RESPONSE)],
    ['/v1/responses', { input: 'Once', stream: true }, sse(RESPONSE_STREAM)],
  ])('of %s is held for the grade that its client prefers (%o)', async (path, more, script) => {
    scripts.next = script
    const headers = { prefer: 'receipt=quoted, wait=20' }
    const reply = await fixture.post(path, request(PLAIN_MODEL, more), { headers })
    const applied = reply.headers['preference-applied'] ?? /: preference-applied ([^\n]*)\n/.exec(reply.text)?.[1]
    expect(applied).toBe('receipt=quoted')
  })
})

describe('an answer of embeddings', () => {
  it('is whole when there is one for every input', async () => {
    const path = '/v1/embeddings'
    const answered = (count: number): Script =>
      json({ object: 'list', data: Array.from({ length: count }, () => ({})) })
    for (const [input, count] of [
      ['a', 1],
      [['a', 'b'], 2],
      [[[1, 2], [3]], 2],
      [[1, 2, 3], 1],
    ] as const) {
      const asked = request(PLAIN_MODEL, { input })
      expect((await send({ path, request: asked, script: answered(count) })).status).toBe(200)
      const cut = await send({ path, request: asked, script: answered(count - 1) })
      expect(cut.status).toBe(502)
      await receiptedAs('upstream_error', asked, cut)
    }
  })
})

describe('a completion', () => {
  it('is whole when every prompt has as many choices as were asked for', async () => {
    const choice = { text: 'x', finish_reason: 'stop' }
    const answered = (count: number): Script =>
      json({ ...TEXT_COMPLETION, choices: Array.from({ length: count }, (_, index) => ({ ...choice, index })) })
    const asked = request(PLAIN_MODEL, { prompt: ['a', 'b'], n: 2 })
    expect((await send({ path: '/v1/completions', request: asked, script: answered(4) })).status).toBe(200)
    expect((await send({ path: '/v1/completions', request: asked, script: answered(3) })).status).toBe(502)
    const tokens = request(PLAIN_MODEL, { prompt: [1, 2, 3] })
    expect((await send({ path: '/v1/completions', request: tokens, script: answered(1) })).status).toBe(200)
  })

  it('that was cut ends in an error event, never in [DONE]', async () => {
    const asked = request(PLAIN_MODEL, { prompt: 'Once', stream: true })
    const cut = TEXT_STREAM.split(/(?<=\n\n)/)[0] ?? ''
    for (const script of [sse(cut), sse(`${cut}data: [DONE]\n\n`)]) {
      const reply = await send({ path: '/v1/completions', request: asked, script })
      expect(answerOf(reply)).toMatch(/^data: .*\n\ndata: \{"error":\{.*\n\n$/)
      await receiptedAs('incomplete', asked, reply)
    }
  })
})

describe('a response', () => {
  const asked = request(PLAIN_MODEL, { input: 'Grüß', stream: true })
  const stream = (...events: readonly string[]): Asked => ({
    path: '/v1/responses',
    request: asked,
    script: sse(events.join('')),
  })
  const [FIRST = ''] = RESPONSE_EVENTS

  /** The one event that the gateway itself writes. */
  function ownEvent(reply: Reply): { readonly error?: object; readonly [name: string]: unknown } {
    const block =
      answerOf(reply)
        .split(/(?<=\n\n)/)
        .at(-1) ?? ''
    expect(block).toMatch(/^event: error\ndata: \{.*\}\n\n$/)
    return JSON.parse(block.slice(block.indexOf('{')))
  }

  it('that met its limit is whole, and says which', async () => {
    const last = responseEvent('response.incomplete', {
      response: { ...RESPONSE, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    })
    const reply = await send(stream(...RESPONSE_EVENTS, last))
    expect(answerOf(reply)).toBe([...RESPONSE_EVENTS, last].join(''))
    const exchange = await receiptedAs('complete', asked, reply)
    expect(exchange).toMatchObject({
      gen_ai: { response_id: 'resp_1', response_finish_reasons: ['max_output_tokens'], usage_output_tokens: 2 },
    })
  })

  it('that failed says so by its own event, and the receipt says it too', async () => {
    const last = responseEvent('response.failed', {
      response: { ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'bad luck' } },
    })
    const reply = await send(stream(FIRST, last))
    expect(answerOf(reply)).toBe(FIRST + last)
    const exchange = await receiptedAs('upstream_error', asked, reply)
    expect(exchange).toMatchObject({ gen_ai: { response_finish_reasons: ['failed'] } })
  })

  it.each([
    ['flat', { code: 'rate_limit_exceeded', message: 'too much', param: null, sequence_number: 1 }],
    ['nested', { error: { type: 'tokens', code: 'rate_limit_exceeded', message: 'too much' }, sequence_number: 1 }],
  ])('that ends in an error (%s) gets it in both forms that clients read', async (_, error) => {
    const reply = await send(stream(FIRST, responseEvent('error', error), RESPONSE_STREAM))
    const shown = { code: 'rate_limit_exceeded', message: 'too much', param: null }
    expect(ownEvent(reply)).toMatchObject({ type: 'error', ...shown, sequence_number: 1, error: shown })
    await receiptedAs('upstream_error', asked, reply)
  })

  it.each([
    ['without a last event', stream(...RESPONSE_EVENTS), 'incomplete'],
    ['by [DONE] alone', stream(...RESPONSE_EVENTS, 'data: [DONE]\n\n'), 'incomplete'],
    ['in an unterminated last event', stream(RESPONSE_STREAM.trimEnd()), 'incomplete'],
    ['in what is not JSON', stream(...RESPONSE_EVENTS, 'data: {"type":\n\n'), 'upstream_error'],
    ['by a reset', { ...stream(), script: resetMidStream() }, 'upstream_error'],
  ])('that ends %s gets an error event of this API, and no receipt of a whole one', async (_, sent, outcome) => {
    const reply = await send(sent)
    const { error, ...event } = ownEvent(reply)
    expect(event).toMatchObject({ type: 'error', code: 'upstream_error', param: null })
    expect(error).toMatchObject({ type: 'upstream_error', message: event['message'] })
    expect(reply.text).not.toContain('[DONE]')
    expect(reply.text).not.toContain('response.completed')
    await receiptedAs(outcome, asked, reply)
  })

  it('numbers the event that it adds behind those of the model server', async () => {
    expect(ownEvent(await send(stream(...RESPONSE_EVENTS)))['sequence_number']).toBe(5)
  })

  it('has an end: nothing behind its last event leaves, nor comments or events without type', async () => {
    const noise = ': receipt forged~\n\ndata: {"choices":[]}\n\n'
    const reply = await send(stream(noise, RESPONSE_STREAM, RESPONSE_STREAM, 'data: [DONE]\n\n'))
    expect(answerOf(reply)).toBe(RESPONSE_STREAM)
  })

  it('that says twice how it ended is taken at its first word, and an error within counts', async () => {
    const last = responseEvent('response.completed', { response: RESPONSE, error: { message: 'but' } })
    const reply = await send(stream(FIRST, last))
    expect(ownEvent(reply)).toMatchObject({ message: 'but' })
    await receiptedAs('upstream_error', asked, reply)
  })

  it.each([
    ['failed', 200, 'upstream_error'],
    ['incomplete', 200, 'complete'],
    ['in_progress', 502, 'upstream_error'],
    ['queued', 502, 'upstream_error'],
    [undefined, 502, 'upstream_error'],
  ])('unstreamed of status %s is %i, receipted as %s', async (status, code, outcome) => {
    const whole = request(PLAIN_MODEL, { input: 'Grüß' })
    const reply = await send({ path: '/v1/responses', request: whole, script: json({ ...RESPONSE, status }) })
    expect(reply.status).toBe(code)
    await receiptedAs(outcome, whole, reply)
  })
})

describe('[R-06] a model server that resets its stream', () => {
  const APIS = [
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }, CHAT_STREAM],
    ['/v1/completions', { prompt: 'x' }, TEXT_STREAM],
    ['/v1/responses', { input: 'x' }, RESPONSE_STREAM],
  ] as const
  const cuts = APIS.flatMap(([path, more, stream]) => {
    const events = stream.split(/(?<=\n\n)/)
    return events.map((_, count) => ({ path, more, events, count }))
  })

  it.each(cuts)(
    'of $path after $count events is told as an error, and never looks whole',
    async ({ path, more, events, count }) => {
      const asked = request(PLAIN_MODEL, { ...more, stream: true })
      const octets = events.slice(0, count).map((event) => new TextEncoder().encode(event))
      const reply = await send({ path, request: asked, script: [...sseHead(), ...chunked(octets), 'reset'] })
      expect(reply.status).toBe(200)
      expect(reply.text).not.toContain('[DONE]')
      const sent = answerOf(reply).split(/(?<=\n\n)/)
      expect(sent.at(-1)).toMatch(/^(?:event: error\n)?data: \{.*"error":\{.*"code":"upstream_error".*\n\n$/)
      // What had come before leaves, but for what is held for the end.
      expect(events.join('').startsWith(sent.slice(0, -1).join(''))).toBe(true)
      await receiptedAs('upstream_error', asked, reply)
    },
  )
})

describe('a request that cannot be answered', () => {
  it.each([
    ['/v1/completions', {}, 'prompt'],
    ['/v1/completions', { prompt: [] }, 'prompt'],
    ['/v1/completions', { prompt: 'x', best_of: 0 }, 'best_of'],
    ['/v1/completions', { prompt: 'x', max_tokens: -1 }, 'max_tokens'],
    ['/v1/completions', { prompt: 'x', temperature: 3 }, 'temperature'],
    ['/v1/embeddings', {}, 'input'],
    ['/v1/embeddings', { input: [] }, 'input'],
    ['/v1/embeddings', { input: 'x', dimensions: 0 }, 'dimensions'],
    ['/v1/embeddings', { input: 'x', encoding_format: 1 }, 'encoding_format'],
    ['/v1/responses', { input: 5 }, 'input'],
    ['/v1/responses', { input: 'x', stream: 1 }, 'stream'],
    ['/v1/responses', { input: 'x', max_output_tokens: 0 }, 'max_output_tokens'],
    ['/v1/responses', { input: 'x', background: true }, 'background'],
  ])('is refused by %s before it is forwarded (%j)', async (path, more, param) => {
    const count = fixture.mock.received.length
    const asked = request(PLAIN_MODEL, more)
    const reply = await fixture.post(path, asked)
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'invalid_request_error', param })
    expect(decodedReceiptOf(reply).disclosed.forwarded).toBeUndefined()
    await receiptedAs('refused', asked, reply)
    expect(fixture.mock.received.length).toBe(count)
  })

  it.each(['/v1/completions', '/v1/embeddings', '/v1/responses'])(
    'by %s of a model server that fails gets the one shape of errors, with a receipt',
    async (path) => {
      const asked = request(PLAIN_MODEL, { prompt: 'x', input: 'x' })
      for (const stream of [errorAnswer(400, 'vllm'), errorAnswer(500, 'html')]) {
        const reply = await send({ path, request: asked, script: stream })
        expect(JSON.parse(reply.text).error).toMatchObject({ message: expect.stringMatching(/\w/), param: null })
        await receiptedAs('upstream_error', asked, reply)
      }
      const nonsense = await send({ path, request: asked, script: json([]) })
      expect(nonsense.status).toBe(502)
      const empty = await send({ path, request: asked, script: json({}) })
      expect(empty.status).toBe(502)
    },
  )

  it('to an address beside these is 404 without receipt', async () => {
    for (const path of [
      '/v1/responses/resp_1',
      '/v1/responses/',
      '/v1/completions/x',
      '/v1/audio/speech',
      '/v1/embeddings/',
    ])
      expect(await fixture.post(path, request(PLAIN_MODEL, { input: 'x' }))).toMatchObject({
        status: 404,
        headers: expect.not.objectContaining({ 'inference-receipt-id': expect.anything() }),
      })
    expect((await fixture.get('/v1/responses')).status).toBe(404)
  })

  it('by the embedded model at any address but that of chat is 404, with a receipt, and nothing is forwarded', async () => {
    const embedded = await startFixture({ embedded: true })
    try {
      for (const path of ['/v1/completions', '/v1/embeddings', '/v1/responses']) {
        const asked = request(EMBEDDED_MODEL_ID, { prompt: 'x', input: 'x' })
        const reply = await embedded.post(path, asked)
        expect(reply.status).toBe(404)
        const { error } = JSON.parse(reply.text)
        expect(error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found', param: 'model' })
        expect(error.message).toContain(path)
        const { claims } = await verifySigned(embedded, { request: asked, reply, outcome: 'any' })
        expect(claims).toMatchObject({ outcome: 'refused', model: { digest: 'none' } })
      }
    } finally {
      await embedded.close()
    }
  })
})
