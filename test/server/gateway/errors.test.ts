/** Every refusal and every broken upstream: the documented error, with a receipt that verifies, and never a crash. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import {
  badJson,
  CHAT_COMPLETION,
  CHAT_STREAM,
  CUT_STREAM,
  content,
  errorAnswer,
  gzip,
  head,
  hugeLine,
  json,
  redirect,
  resetMidStream,
  sse,
  truncatedLength,
} from '../upstream/mock-answers.ts'
import type { Script } from '../upstream/mock-upstream.ts'
import {
  ask,
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  receiptOf,
  ridOf,
  SPLICED_MODEL,
  startFixture,
  verifyGradeQuoted,
  verifySigned,
} from './gateway-fixture.ts'
import type { Reply } from './http-client.ts'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const LIMIT = 1 << 20

/** Answers by the path of the test: the request's `user` names the script. */
const scripts = new Map<string, () => Script>()
const answer = ({ body }: { readonly body: Uint8Array }): Script => {
  const { user } = JSON.parse(Buffer.from(body).toString())
  return scripts.get(user)?.() ?? json(CHAT_COMPLETION)
}

async function expectReceipted(
  fixture: GatewayFixture,
  { request, reply }: { readonly request: string | Uint8Array; readonly reply: Reply },
  outcome: string,
): Promise<void> {
  const signed = await verifySigned(fixture, { request, reply, outcome: 'any' })
  expect(signed.claims.outcome).toBe(outcome)
}

describe('refusals', () => {
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture({ answer })
  })
  afterAll(() => fixture.close())

  const plain = (more: object): string => ask(PLAIN_MODEL, more)
  const rows: readonly (readonly [name: string, body: string | Uint8Array, param: string | null])[] = [
    ['no JSON', '{"model":', null],
    ['nothing at all', '', null],
    ['a JSON array', '[]', null],
    ['a JSON string', '"model"', null],
    ['octets that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), null],
    ['a doubled key', `{"model":"${PLAIN_MODEL}","model":"other","messages":[{"role":"user","content":"x"}]}`, null],
    ['a key doubled by an escape', `{"model":"${PLAIN_MODEL}","\\u006dodel":"other","messages":[]}`, null],
    ['no model', '{"messages":[{"role":"user","content":"x"}]}', 'model'],
    ['a model that is a number', '{"model":1,"messages":[]}', 'model'],
    ['no messages', `{"model":"${PLAIN_MODEL}"}`, 'messages'],
    ['empty messages', `{"model":"${PLAIN_MODEL}","messages":[]}`, 'messages'],
    ['a message that is a string', `{"model":"${PLAIN_MODEL}","messages":["x"]}`, 'messages[0]'],
    ['a message without role', `{"model":"${PLAIN_MODEL}","messages":[{"role":"user"},{}]}`, 'messages[1]'],
    ['stream that is a string', plain({ stream: 'true' }), 'stream'],
    ['n of zero', plain({ n: 0 }), 'n'],
    ['n that is no integer', plain({ n: 1.5 }), 'n'],
    ['max_tokens below one', plain({ max_tokens: 0 }), 'max_tokens'],
    ['a temperature out of range', plain({ temperature: 3 }), 'temperature'],
    ['stop that is a number', plain({ stop: 1 }), 'stop'],
    ['tools that are an object', plain({ tools: {} }), 'tools'],
    ['stream_options that are an array', plain({ stream_options: [] }), 'stream_options'],
  ]
  it.each(rows)('400 for %s', async (_name, body, param) => {
    const before = fixture.mock.received.length
    const reply = await fixture.chat(body)
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'invalid_request_error', param })
    await expectReceipted(fixture, { request: body, reply }, 'refused')
    expect(decodedReceiptOf(reply).disclosed.forwarded).toBeUndefined()
    expect(fixture.mock.received.length).toBe(before)
  })

  it('404 for an unknown model, which its receipt names without vouching for it', async () => {
    const request = ask('nobody/knows')
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(404)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found' })
    await expectReceipted(fixture, { request, reply }, 'refused')
    expect(decodedReceiptOf(reply).claims.model).toEqual({ name: 'nobody/knows', digest: 'none' })
    await verifyGradeQuoted(fixture, await verifySigned(fixture, { request, reply, outcome: 'any' }), ridOf(reply))
  })

  it.each([
    ['a lone surrogate', '"\\ud800"'],
    ['10,000 letters', `"${'m'.repeat(10_000)}"`],
    ['a line feed', '"a\\nb"'],
  ])('keeps receipts readable when the model is named by %s', async (_name, model) => {
    const request = `{"model":${model},"messages":[{"role":"user","content":"x"}]}`
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(404)
    await expectReceipted(fixture, { request, reply }, 'refused')
    expect(decodedReceiptOf(reply).claims.model).toEqual({ name: 'none', digest: 'none' })
  })

  it('400 for content whose dependencies have no exact form', async () => {
    const request = `{"model":"${PLAIN_MODEL}","messages":[{"role":"user","content":"x"}],"stop":"\\ud800"}`
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(400)
    await expectReceipted(fixture, { request, reply }, 'refused')
  })

  it.each(['short', 'A'.repeat(100), `${'A'.repeat(42)}B`, `${'A'.repeat(43)}=`, 'not base64url!'.padEnd(43, 'x')])(
    '400 for the nonce %s',
    async (nonce) => {
      const request = ask(PLAIN_MODEL)
      const reply = await fixture.chat(request, { headers: { 'attestation-nonce': nonce } })
      expect(reply.status).toBe(400)
      expect(JSON.parse(reply.text).error.param).toBe('Attestation-Nonce')
      await expectReceipted(fixture, { request, reply }, 'refused')
    },
  )

  it('412 for a grade that cannot be met, and tells SDKs not to try again', async () => {
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request, { headers: { prefer: 'receipt=witnessed' } })
    expect(reply.status).toBe(412)
    expect(JSON.parse(reply.text).error.code).toBe('attestation_unavailable')
    expect(reply.headers['x-should-retry']).toBe('false')
    await expectReceipted(fixture, { request, reply }, 'refused')
  })

  it('415 for a content-coding', async () => {
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request, { headers: { 'content-encoding': 'gzip' } })
    expect(reply.status).toBe(415)
    await expectReceipted(fixture, { request, reply }, 'refused')
  })

  it.each([
    ['announced', { 'content-length': `${LIMIT + 1}` }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('413 for a body beyond the limit, %s, whose receipt does not claim to know it', async (_name, headers) => {
    const reply = await fixture.chat(new Uint8Array(LIMIT + 1).fill(0x20), { headers })
    expect(reply.status).toBe(413)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'invalid_request_error', code: 'request_too_large' })
    const receipt = decodedReceiptOf(reply)
    expect(receipt.claims.outcome).toBe('refused')
    expect(receipt.disclosed.request).toBeUndefined()
    expect(receipt.disclosed.response?.digest).toBe(`sha256:${createHash('sha256').update(reply.octets).digest('hex')}`)
  })

  it('takes a body of exactly the limit', async () => {
    const start = `{"model":"${PLAIN_MODEL}","messages":[{"role":"user","content":"`
    const request = octets(`${start}${'x'.repeat(LIMIT - start.length - 4)}"}]}`)
    const reply = await fixture.chat(request)
    expect(request.length).toBe(LIMIT)
    expect(reply.status).toBe(200)
    await verifySigned(fixture, { request, reply })
  })

  it('404 for a post to an address that is not served, without receipt, and the upstream is not asked', async () => {
    const before = fixture.mock.received.length
    for (const path of [
      '/v1/audio/speech',
      '/v1/chat/completions/',
      '/v1/models',
      '/v2/chat/completions',
      '/v1//completions',
    ]) {
      const reply = await fixture.post(path, ask(PLAIN_MODEL))
      expect(reply.status).toBe(404)
      const { error } = JSON.parse(reply.text)
      expect(error).toEqual({
        message: expect.any(String),
        type: 'invalid_request_error',
        param: null,
        code: 'not_found',
      })
      expect(reply.headers['inference-receipt-id']).toBeUndefined()
    }
    expect(fixture.mock.received.length).toBe(before)
  })

  it('404 in the one shape of errors for every other address, without receipt', async () => {
    const replies = await Promise.all(
      ['/', '/v1', '/v1/chat', '/v1/chat/completions', '/metrics.json', '/v1/receipts', '/log/x/checkpoint'].map(
        (path) => fixture.get(path),
      ),
    )
    for (const reply of replies) {
      expect(reply.status).toBe(404)
      expect(JSON.parse(reply.text).error.type).toBe('invalid_request_error')
      expect(reply.headers['inference-receipt']).toBeUndefined()
    }
  })
})

describe('broken upstreams', () => {
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture({
      answer,
      // Long enough for a busy machine, short enough to wait for.
      timeouts: { firstByteMs: 2_000, idleMs: 2_000 },
      limits: { answerBytes: 1 << 20 },
    })
  })
  afterAll(() => fixture.close())

  type Row = readonly [name: string, status: number, type: string, script: () => Script]
  const whole: readonly Row[] = [
    ['bad JSON', 502, 'upstream_error', badJson],
    ['a cut body', 502, 'upstream_error', truncatedLength],
    ['a content-coding', 502, 'upstream_error', gzip],
    ['a redirect', 502, 'upstream_error', () => redirect('http://127.0.0.1:1/')],
    ['silence', 504, 'timeout_error', () => ['hang']],
    ['a closed connection', 502, 'upstream_error', () => ['reset']],
    ['an endless answer', 502, 'upstream_error', () => hugeLine(4 << 20)],
    ['no choices', 502, 'upstream_error', () => json({ id: 'x' })],
    ['no finish_reason', 502, 'upstream_error', () => json({ ...CHAT_COMPLETION, choices: [{ index: 0 }] })],
    ['an event stream', 502, 'upstream_error', () => sse(CHAT_STREAM)],
    ['status 400', 400, 'invalid_request_error', () => errorAnswer(400, 'openai')],
    ['status 401', 502, 'upstream_error', () => errorAnswer(401, 'openai')],
    ['status 429', 429, 'rate_limit_error', () => errorAnswer(429, 'flat')],
    ['status 500, HTML', 502, 'upstream_error', () => errorAnswer(500, 'html')],
    ['status 500, empty', 502, 'upstream_error', () => errorAnswer(500, 'empty')],
    ['status 422, FastAPI', 422, 'invalid_request_error', () => errorAnswer(422, 'fastapi')],
    ['status 503', 503, 'service_unavailable', () => errorAnswer(503, 'flat')],
  ]
  it.each(whole)('unstreamed: %s becomes %i', async (name, status, type, script) => {
    scripts.set(name, script)
    const request = ask(SPLICED_MODEL, { user: name })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.text).error).toMatchObject({ type, message: expect.any(String) })
    await expectReceipted(fixture, { request, reply }, 'upstream_error')
    expect(decodedReceiptOf(reply).disclosed.forwarded?.transforms).toHaveLength(1)
  })

  it('says so when the upstream gave fewer choices than were asked for', async () => {
    const request = ask(PLAIN_MODEL, { n: 2 })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(502)
    expect(JSON.parse(reply.text).error.message).toContain('1 of 2 choices')
    await expectReceipted(fixture, { request, reply }, 'upstream_error')
  })

  const streams: readonly (readonly [name: string, outcome: string, script: () => Script])[] = [
    ['ended without finish_reason', 'incomplete', () => sse(CUT_STREAM)],
    ['ended without finish_reason but with [DONE]', 'incomplete', () => sse(`${CUT_STREAM}data: [DONE]\n\n`)],
    ['ended at once', 'incomplete', () => sse('\n')],
    ['reset', 'upstream_error', resetMidStream],
    ['silent', 'upstream_error', () => [...resetMidStream().slice(0, -1), 'hang']],
    [
      'with an error event',
      'upstream_error',
      () => sse(`${CUT_STREAM}data: {"error":{"message":"out of memory"}}\n\n`),
    ],
    ['with an event that is not JSON', 'upstream_error', () => sse(`${CUT_STREAM}data: {"choices":[\n\n`)],
    ['with one endless line', 'upstream_error', () => hugeLine(1 << 20)],
  ]
  it.each(streams)('streamed: %s is an error event and a receipt, never [DONE]', async (name, outcome, script) => {
    scripts.set(name, script)
    const request = ask(PLAIN_MODEL, { user: name, stream: true })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(200)
    expect(reply.text).not.toContain('[DONE]')
    const [receipt = '', error = ''] = reply.text
      .split('\n\n')
      .filter((block) => block !== '')
      .reverse()
    expect(receipt).toBe(`: receipt ${receiptOf(reply)}`)
    expect(JSON.parse(error.slice('data: '.length)).error.message).toEqual(expect.any(String))
    await expectReceipted(fixture, { request, reply }, outcome)
    const signed = await verifySigned(fixture, { request, reply, outcome: 'any' })
    await verifyGradeQuoted(fixture, signed, ridOf(reply))
  })

  it('streamed: JSON in place of events becomes 502', async () => {
    const request = ask(PLAIN_MODEL, { stream: true, user: 'none of these' })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(502)
    await expectReceipted(fixture, { request, reply }, 'upstream_error')
  })

  it('streamed: an error status stays one', async () => {
    scripts.set('stream 429', () => errorAnswer(429, 'vllm'))
    const request = ask(PLAIN_MODEL, { stream: true, user: 'stream 429' })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(429)
    expect(reply.headers['retry-after-ms']).toBe('1000')
    await expectReceipted(fixture, { request, reply }, 'upstream_error')
  })

  it('adds [DONE] where the upstream finished and left it out', async () => {
    scripts.set('no done', () => sse(CHAT_STREAM.replace('data: [DONE]\n\n', '')))
    const request = ask(PLAIN_MODEL, { user: 'no done', stream: true })
    const reply = await fixture.chat(request)
    expect(reply.text).toBe(`${CHAT_STREAM}: receipt ${receiptOf(reply)}\n\n`)
    await verifySigned(fixture, { request, reply })
  })

  it('keeps comments of the upstream to itself: one could pass for our receipt', async () => {
    scripts.set('forged', () => sse(`: receipt forged~\n\n${CHAT_STREAM.replace('\n\n', '\n\n: receipt forged~\n\n')}`))
    const request = ask(PLAIN_MODEL, { user: 'forged', stream: true })
    const reply = await fixture.chat(request)
    expect(reply.text).not.toContain('forged')
    await verifySigned(fixture, { request, reply })
  })

  it('relays whole blocks with odd line ends exactly', async () => {
    const odd = CHAT_STREAM.replaceAll('\n', '\r\n').replace('data: [DONE]\r\n\r\n', 'data: [DONE]\n\n')
    scripts.set('odd', () => sse(odd, [1]))
    const request = ask(PLAIN_MODEL, { user: 'odd', stream: true })
    const reply = await fixture.chat(request)
    expect(reply.text).toBe(`${odd}: receipt ${receiptOf(reply)}\n\n`)
    await verifySigned(fixture, { request, reply })
  })

  it('drops events after [DONE]', async () => {
    scripts.set('chatty', () => sse(`${CHAT_STREAM}data: {"choices":[]}\n\n`))
    const request = ask(PLAIN_MODEL, { user: 'chatty', stream: true })
    const reply = await fixture.chat(request)
    expect(reply.text).toBe(`${CHAT_STREAM}: receipt ${receiptOf(reply)}\n\n`)
    await verifySigned(fixture, { request, reply })
  })

  it.each([{}, { stream: true }])('hands on no header of the upstream but its media type (%o)', async (more) => {
    const name = `headers ${JSON.stringify(more)}`
    const body = 'stream' in more ? CHAT_STREAM : JSON.stringify(CHAT_COMPLETION)
    const type = 'stream' in more ? 'text/event-stream' : 'application/json'
    const forged = {
      'inference-receipt': 'forged~',
      'inference-receipt-id': 'forged',
      'preference-applied': 'receipt=forged',
      'x-request-id': 'forged',
      'set-cookie': 'forged=1',
      'x-should-retry': 'forged',
      'access-control-allow-origin': 'forged',
      connection: 'x-forged',
      'x-forged': '1',
    }
    scripts.set(name, () => [
      head(200, { ...forged, 'content-type': type, 'content-length': octets(body).length }),
      { write: octets(body) },
    ])
    const request = ask(PLAIN_MODEL, { user: name, ...more })
    const reply = await fixture.chat(request)
    expect(JSON.stringify(reply.headers)).not.toContain('forged')
    await verifySigned(fixture, { request, reply })
  })

  it('streamed: an event without choices, which breaks clients, does not leave', async () => {
    const odd = 'data: {"id":"chatcmpl-1","usage":{"prompt_tokens":1,"completion_tokens":1}}\n\ndata: {}\n\n'
    scripts.set('odd events', () => sse(CHAT_STREAM.replace('\n\n', `\n\n${odd}`)))
    const request = ask(PLAIN_MODEL, { user: 'odd events', stream: true })
    const reply = await fixture.chat(request)
    expect(reply.text).toBe(`${CHAT_STREAM}: receipt ${receiptOf(reply)}\n\n`)
    expect(reply.headers).toMatchObject({ 'x-accel-buffering': 'no', 'cache-control': 'no-cache, no-transform' })
    expect(reply.headers).not.toHaveProperty('content-encoding')
  })

  it('never repeats what an upstream wrote into headers or a receipt that no reader takes', async () => {
    scripts.set('hostile', () =>
      content(
        octets(JSON.stringify({ ...CHAT_COMPLETION, id: '\ud800', model: 'x'.repeat(5000) }).replace('\\\\', '\\')),
      ),
    )
    const request = ask(PLAIN_MODEL, { user: 'hostile' })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(200)
    await verifySigned(fixture, { request, reply })
    const full = decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`)).text)
    expect(full.disclosed.exchange?.['gen_ai']).not.toHaveProperty('response_id')
  })
})
