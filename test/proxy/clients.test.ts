/** Clients without any verifier through the proxy: curl, openai for Python, openai for Node. Nothing about them may need to change. */
import OpenAI, { APIError, APIUserAbortError, AuthenticationError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashApiKey } from '../../src/server/config/index.ts'
import { ownMs, ownMsUntil } from '../kit/own-time.ts'
import { PLAIN_MODEL, SPLICED_MODEL, withOutcome } from '../server/gateway/gateway-fixture.ts'
import { abortWhen } from '../server/gateway/http-client.ts'
import {
  CHAT_COMPLETION,
  CHAT_STREAM,
  errorAnswer,
  gated,
  json,
  resetMidStream,
  sse,
  TOOL_CALL_STREAM,
} from '../server/upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../server/upstream/mock-upstream.ts'
import { ASK, type ProxyFixture, startProxyFixture } from './proxy-fixture.ts'
import { askPython, curl, hasPython } from './spawned-clients.ts'

const [FIRST = ''] = CHAT_STREAM.split(/(?<=\n\n)/)
/** Four servers and a client share this process: the bound of 100 ms for the gateway itself is held in its own tests. */
const AT_ONCE_MS = 1_000
const VERIFIED = /^verified;grade=signed;channel=none;simulated;jti="[A-Za-z0-9_-]{22}"$/

function answer({ body }: ReceivedRequest): Script {
  const { user, stream } = JSON.parse(Buffer.from(body).toString())
  switch (user) {
    case 'tools':
      return sse(TOOL_CALL_STREAM, [13])
    case 'reset':
      return resetMidStream()
    case 'hang':
      return stream ? [...gated([[FIRST, Promise.resolve()]]).slice(0, -1), 'hang'] : ['hang']
    case 'rate':
      return errorAnswer(429, 'openai')
    default:
      return stream ? sse(CHAT_STREAM, [5]) : json(CHAT_COMPLETION)
  }
}

let fixture: ProxyFixture
beforeAll(async () => {
  fixture = await startProxyFixture({ gateway: { answer } })
})
afterAll(() => fixture.close())

const post = (body: object): readonly string[] => [
  `${fixture.url}/chat/completions`,
  '-H',
  'Content-Type: application/json',
  '-d',
  JSON.stringify(body),
]

describe('curl', () => {
  it('gets an answer with its verdict', async () => {
    const { exit, out } = await curl('-i', ...post(ASK))
    expect(exit).toBe(0)
    const [head = '', body = ''] = out.split('\r\n\r\n')
    expect(JSON.parse(body)).toEqual(CHAT_COMPLETION)
    expect(/^countersign-verdict: (.*)$/m.exec(head)?.[1]).toMatch(VERIFIED)
    expect(head).toMatch(/^inference-receipt: [\w.~-]+~$/m)
    expect(head).toMatch(/^content-length: /m)
  })

  it('gets a stream whose last comment is the verdict', async () => {
    const { exit, out } = await curl('-i', ...post({ ...ASK, stream: true }))
    expect(exit).toBe(0)
    const [head = '', ...body] = out.split('\r\n\r\n')
    expect(head).toMatch(/^countersign-verdict: pending;channel=none$/m)
    const blocks = body.join('').trimEnd().split('\n\n')
    const at = blocks.indexOf('data: [DONE]')
    expect(at).toBeGreaterThan(0)
    expect(blocks.at(-2)).toMatch(/^: receipt /)
    const [, last = ''] = /^: countersign-verdict (.*)$/.exec(blocks.at(-1) ?? '') ?? []
    expect(last).toMatch(VERIFIED)
  })

  it('finds a stream broken off that the model server broke off', async () => {
    const { exit, out } = await curl(...post({ ...ASK, stream: true, user: 'reset' }))
    // 18: the body broke off. The gateway's own event says why, the proxy's that the receipt says so too.
    expect(exit).toBe(18)
    expect(out).not.toContain('[DONE]')
    expect(out.match(/"code":"\w+"/g)).toEqual(['"code":"upstream_error"', '"code":"RESPONSE_INCOMPLETE"'])
    expect(out.trimEnd().split('\n').at(-1)).toBe(': countersign-verdict failed;check=outcome;code=RESPONSE_INCOMPLETE')
  })
})

describe.runIf(hasPython)('openai for Python', () => {
  it('gets an answer', async () => {
    const { verdict, ...answered } = await askPython(fixture.url, ASK)
    expect(answered).toEqual({ text: 'Hello', finish: 'stop', tools: [] })
    expect(verdict).toMatch(VERIFIED)
  })

  it('gets a stream, and no word of receipt or verdict in its text', async () => {
    const answered = await askPython(fixture.url, { ...ASK, stream: true })
    expect(answered).toMatchObject({ text: 'Grüß dich 👋', finish: 'stop' })
  })

  it('gets tool calls in parts', async () => {
    const answered = await askPython(fixture.url, { ...ASK, stream: true, user: 'tools' })
    expect(answered).toMatchObject({
      finish: 'tool_calls',
      tools: [
        ['f', '{"x":1}'],
        ['g', '{}'],
      ],
    })
  })

  it.each([
    ['BadRequestError', 400, { ...ASK, messages: [] }],
    ['NotFoundError', 404, { ...ASK, model: 'nobody' }],
    ['RateLimitError', 429, { ...ASK, user: 'rate' }],
  ])("raises %s for the gateway's own %d", async (error, status, body) => {
    expect(await askPython(fixture.url, body)).toMatchObject({ error, status })
    await fixture.line((line) => line.status === status && line.verdict === 'verified')
  })

  it('raises on a stream that was broken off', async () => {
    const answered = await askPython(fixture.url, { ...ASK, stream: true, user: 'reset' })
    expect(answered).toMatchObject({ error: 'APIError' })
  })
})

describe('openai for Node, with the fetch of the platform', () => {
  const messages = [{ role: 'user' as const, content: 'Grüß Gott' }]
  let client: OpenAI
  beforeAll(() => {
    client = new OpenAI({ baseURL: fixture.url, apiKey: 'unused', maxRetries: 0 })
  })

  it('gets an answer, also where the gateway changes the request', async () => {
    const { data, response } = await client.chat.completions.create({ model: SPLICED_MODEL, messages }).withResponse()
    expect(data.choices[0]?.message.content).toBe('Hello')
    expect(response.headers.get('countersign-verdict')).toMatch(VERIFIED)
  })

  it('gets a stream and tool calls', async () => {
    const runner = client.chat.completions.stream({ model: PLAIN_MODEL, messages, user: 'tools' })
    const { choices } = await runner.finalChatCompletion()
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_a', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'call_b', function: { name: 'g', arguments: '{}' } },
    ])
  })

  it('lists models, which bear no receipt and say so', async () => {
    const { data, response } = await client.models.list().withResponse()
    expect(data.data.map(({ id }) => id)).toContain(SPLICED_MODEL)
    expect(response.headers.get('countersign-verdict')).toBe('no-receipt;channel=none')
    expect((await client.models.retrieve(SPLICED_MODEL)).id).toBe(SPLICED_MODEL)
  })

  it('throws typed errors with the words of the gateway', async () => {
    const asked = client.chat.completions.create({ model: 'nobody', messages })
    await expect(asked).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    const limited = client.chat.completions.create({ model: PLAIN_MODEL, messages, user: 'rate' })
    await expect(limited).rejects.toMatchObject({ status: 429, message: expect.stringContaining('bad thing') })
    const empty = client.chat.completions.create({ model: PLAIN_MODEL, messages: [] })
    await expect(empty).rejects.toMatchObject({ status: 400 })
  })

  it('throws on a stream that was broken off', async () => {
    const stream = await client.chat.completions.create({ model: PLAIN_MODEL, messages, stream: true, user: 'reset' })
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
  })

  it('aborts in mid-stream, and the model server hears of it at once', async () => {
    const before = fixture.gateway.mock.received.length
    const controller = new AbortController()
    const stream = await client.chat.completions.create(
      { model: PLAIN_MODEL, messages, stream: true, user: 'hang' },
      { signal: controller.signal },
    )
    const goneAt = fixture.gateway.mock
      .request(before)
      .then(({ gone }) => gone)
      .then(ownMs)
    let abortedAt = 0
    const read = async (): Promise<void> => {
      for await (const _ of stream) {
        abortedAt = ownMs()
        controller.abort()
      }
    }
    await read().catch((error: unknown) => expect(error).toBeInstanceOf(APIUserAbortError))
    expect((await goneAt) - abortedAt).toBeLessThan(AT_ONCE_MS)
    await fixture.gateway.line(withOutcome('client_aborted'))
    await fixture.line(({ verdict, status }) => verdict === 'aborted' && status === 499)
  })

  it('aborts before the first octet, and the model server hears of it at once', async () => {
    const before = fixture.gateway.mock.received.length
    const received = fixture.gateway.mock.request(before)
    const call = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...ASK, user: 'hang' }) }
    await abortWhen(`${fixture.url}/chat/completions`, call, received)
    expect(await ownMsUntil((await received).gone)).toBeLessThan(AT_ONCE_MS)
  })

  it('is answered two at a time, each with its own receipt', async () => {
    const replies = await Promise.all([1, 2].map(() => fixture.chat(ASK)))
    const verdicts = replies.map(({ headers }) => String(headers['countersign-verdict']))
    for (const verdict of verdicts) expect(verdict).toMatch(VERIFIED)
    expect(new Set(verdicts).size).toBe(2)
  })
})

describe('with API keys', () => {
  const KEY = 'cs_alice'
  const apiKeys = [{ id: 'a', tenant: 'alice', sha256: hashApiKey(KEY), models: 'all' as const }]

  it("passes the client's key on, and says 401 in its own words where the gateway turns it away without a receipt", async () => {
    const guarded = await startProxyFixture({ gateway: { answer, operational: { apiKeys } } })
    try {
      const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: guarded.url, apiKey, maxRetries: 0 })
      const ask = { model: PLAIN_MODEL, messages: [{ role: 'user' as const, content: 'Hello' }] }
      expect((await client(KEY).chat.completions.create(ask)).choices[0]?.message.content).toBe('Hello')
      const refused = client('cs_mallory').chat.completions.create(ask)
      await expect(refused).rejects.toBeInstanceOf(AuthenticationError)
      await expect(refused).rejects.toMatchObject({ code: 'RECEIPT_MISSING' })
      if (hasPython)
        expect(await askPython(guarded.url, ask)).toMatchObject({ error: 'AuthenticationError', status: 401 })
    } finally {
      await guarded.close()
    }
  })

  it('adds a key of its own in place of theirs', async () => {
    const guarded = await startProxyFixture({ gateway: { answer, operational: { apiKeys } }, proxy: { apiKey: KEY } })
    try {
      const { status } = await guarded.chat(ASK, { headers: { authorization: 'Bearer unused' } })
      expect(status).toBe(200)
    } finally {
      await guarded.close()
    }
  })
})
