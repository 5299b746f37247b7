/** Whoever stands between proxy and gateway does what it should not: the client gets an error that names the check, never an answer. */
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PLAIN_MODEL } from '../server/gateway/gateway-fixture.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../server/upstream/mock-upstream.ts'
import { ASK, type Meddler, type ProxyFixture, startProxyFixture } from './proxy-fixture.ts'
import { askPython, curl, hasPython } from './spawned-clients.ts'

function answer({ body }: ReceivedRequest): Script {
  return JSON.parse(Buffer.from(body).toString()).stream ? sse(CHAT_STREAM, [5]) : json(CHAT_COMPLETION)
}

/** Changes answers to chats alone. */
const onChat =
  (meddler: Meddler): Meddler =>
  (passing) =>
    passing.path.endsWith('/chat/completions') ? meddler(passing) : passing

const onBody = (change: (body: string) => string): Meddler =>
  onChat((passing) => ({ ...passing, body: change(passing.body) }))

const onHeaders = (change: (receipt: string) => Readonly<Record<string, string>>): Meddler =>
  onChat((passing) => {
    const { 'inference-receipt': receipt = '', ...headers } = passing.headers
    return { ...passing, headers: { ...headers, ...change(receipt) } }
  })

/** In place of each receipt the first one that passed. */
function replaying(): Meddler {
  let first: string | undefined
  return onHeaders((receipt) => {
    first ??= receipt
    return { 'inference-receipt': first }
  })
}

/** The last character of a JWS carries bits that are padding: one in the middle is of the signature itself. */
function altered(receipt: string): string {
  const [jws = '', ...disclosures] = receipt.split('~')
  const at = jws.length - 20
  return [`${jws.slice(0, at)}${jws[at] === 'A' ? 'B' : 'A'}${jws.slice(at + 1)}`, ...disclosures].join('~')
}

const WHOLE: readonly (readonly [what: string, meddler: Meddler, check: string, code: string])[] = [
  ['another word', onBody((body) => body.replace('Hello', 'Hullo')), 'response-digest', 'RESPONSE_DIGEST_MISMATCH'],
  ['no receipt', onHeaders(() => ({})), 'receipt', 'RECEIPT_MISSING'],
  [
    'an altered receipt',
    onHeaders((receipt) => ({ 'inference-receipt': altered(receipt) })),
    'signature',
    'RECEIPT_SIGNATURE',
  ],
  [
    'what the receipt says of the answer withheld',
    onHeaders((receipt) => ({ 'inference-receipt': `${receipt.split('~').slice(0, 3).join('~')}~` })),
    'disclosures',
    'CLAIM_MISSING',
  ],
  ['no JWS at all', onHeaders(() => ({ 'inference-receipt': 'x' })), 'receipt-format', 'RECEIPT_ENCODING'],
  [
    'a redirect',
    onChat((passing) => ({ ...passing, status: 307, headers: { location: 'https://elsewhere.example/v1/x' } })),
    'channel',
    'CHANNEL_CHANGED',
  ],
  [
    'a verdict of its own and no receipt',
    onHeaders(() => ({ 'countersign-verdict': 'verified;grade=witnessed;channel=ohttp;jti="x"' })),
    'receipt',
    'RECEIPT_MISSING',
  ],
]

const events = (body: string): readonly string[] => body.split(/(?<=\n\n)/)
const STREAMS: readonly (readonly [what: string, meddler: Meddler, code: string])[] = [
  ['another word', onBody((body) => body.replace('dich', 'mich')), 'RESPONSE_DIGEST_MISMATCH'],
  ['no receipt', onBody((body) => body.replace(/: receipt .*\n\n/, '')), 'RECEIPT_MISSING'],
  ['an altered receipt', onBody((body) => body.replace(/(?<=: receipt ).*/, altered)), 'RECEIPT_SIGNATURE'],
  [
    'its last words dropped',
    onBody((body) => body.replace(/data: .*"finish_reason":"stop".*\n\n/, '')),
    'RESPONSE_INCOMPLETE',
  ],
  ['the end dropped', onBody((body) => body.replace('data: [DONE]\n\n', '')), 'RESPONSE_INCOMPLETE'],
  [
    'two events swapped',
    onBody((body) => {
      const [first = '', second = '', third = '', ...rest] = events(body)
      return [first, third, second, ...rest].join('')
    }),
    'RESPONSE_DIGEST_MISMATCH',
  ],
  [
    'an event added behind the end',
    onBody((body) => body.replace('data: [DONE]\n\n', 'data: [DONE]\n\ndata: {}\n\n')),
    'RESPONSE_DIGEST_MISMATCH',
  ],
  [
    'the connection cut',
    onChat((passing) => ({ ...passing, body: events(passing.body).slice(0, 2).join(''), cut: true })),
    'gateway_unreachable',
  ],
  [
    'a verdict of its own and another word',
    onBody((body) => body.replace('dich', 'mich').replace(': receipt', ': countersign-verdict verified\n\n: receipt')),
    'RESPONSE_DIGEST_MISMATCH',
  ],
]

let fixture: ProxyFixture
let client: OpenAI
const messages = [{ role: 'user' as const, content: 'Grüß Gott' }]
beforeAll(async () => {
  fixture = await startProxyFixture({ gateway: { answer } })
  client = new OpenAI({ baseURL: fixture.url, apiKey: 'unused', maxRetries: 2 })
})
beforeEach(() => fixture.meddle((passing) => passing))
afterAll(() => fixture.close())

describe('a whole answer with', () => {
  it.each(WHOLE)('%s is a 502 that names the check, and is not retried', async (_what, meddler, check, code) => {
    fixture.meddle(meddler)
    const reply = await fixture.chat(ASK)
    expect(reply.status).toBe(502)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'upstream_error', code, check })
    expect(reply.text).not.toContain('Hello')
    expect(reply.headers['countersign-verdict']).toBe(`failed;check=${check};code=${code}`)
    expect(reply.headers['inference-receipt']).toBeUndefined()
    const before = fixture.gateway.mock.received.length
    await expect(client.chat.completions.create({ model: PLAIN_MODEL, messages })).rejects.toMatchObject({
      status: 502,
      code,
      message: expect.stringContaining(`check ${check} failed`),
    })
    expect(fixture.gateway.mock.received.length - before).toBe(1)
    if (hasPython)
      expect(await askPython(fixture.url, ASK)).toMatchObject({ error: 'InternalServerError', status: 502, code })
  })

  it('the receipt of an earlier answer is a 502', async () => {
    fixture.meddle(replaying())
    expect((await fixture.chat(ASK)).status).toBe(200)
    const reply = await fixture.chat(ASK)
    expect(reply.status).toBe(502)
    expect(JSON.parse(reply.text).error).toMatchObject({ code: 'RECEIPT_CONTEXT', check: 'nonce' })
    if (hasPython) expect(await askPython(fixture.url, ASK)).toMatchObject({ status: 502, code: 'RECEIPT_CONTEXT' })
  })

  it('a status that turns it away and no receipt keeps the status and none of the words', async () => {
    fixture.meddle(
      onChat((passing) => ({ ...passing, status: 429, headers: {}, body: '{"error":{"message":"send me your key"}}' })),
    )
    const reply = await fixture.chat(ASK)
    expect(reply.status).toBe(429)
    expect(reply.text).not.toContain('send me')
    expect(JSON.parse(reply.text).error).toMatchObject({ code: 'RECEIPT_MISSING', check: 'receipt' })
    expect(reply.headers['countersign-verdict']).toBe('failed;check=receipt;code=RECEIPT_MISSING')
  })

  it('headers that nobody vouches for loses them', async () => {
    fixture.meddle(
      onChat((passing) => ({
        ...passing,
        headers: {
          ...passing.headers,
          'set-cookie': 'a=b',
          'alt-svc': 'h2="elsewhere.example:443"',
          'countersign-verdict': 'verified;grade=witnessed',
        },
      })),
    )
    const { status, headers } = await fixture.chat(ASK)
    expect(status).toBe(200)
    expect(headers).not.toHaveProperty('set-cookie')
    expect(headers).not.toHaveProperty('alt-svc')
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect(headers['countersign-verdict']).toMatch(/^verified;grade=signed;/)
  })
})

describe('a stream with', () => {
  it.each(STREAMS)('%s ends in an error event, and no client takes it for an answer', async (_what, meddler, code) => {
    fixture.meddle(meddler)
    const { exit, out } = await curl(
      `${fixture.url}/chat/completions`,
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify({ ...ASK, stream: true }),
    )
    // 18: the body broke off.
    expect(exit).toBe(18)
    expect(out).not.toContain('[DONE]')
    const [event = '', comment = ''] = out.trimEnd().split('\n\n').slice(-2)
    expect(JSON.parse(event.slice('data: '.length)).error).toMatchObject({ type: 'upstream_error', code })
    expect(comment).toMatch(new RegExp(`^: countersign-verdict failed;(?:check=[a-z-]+;)?code=${code}$`))
    const stream = await client.chat.completions.create({ model: PLAIN_MODEL, messages, stream: true })
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
    const asked = { ...ASK, stream: true }
    if (hasPython) expect(await askPython(fixture.url, asked)).toMatchObject({ error: 'APIError', code })
  })
})

describe('a gateway that does not verify', () => {
  it('is a 502 before anything of a request leaves, and says why when asked for readiness', async () => {
    const { policy, lock } = fixture.gateway.trust
    const strict = await startProxyFixture({
      gateway: { answer },
      proxy: { trust: { policy: { ...policy, dangerouslyTrustSimulatedRoots: [] }, lock } },
    })
    try {
      const reply = await strict.chat(ASK)
      expect(reply.status).toBe(502)
      const { error } = JSON.parse(reply.text)
      expect(error).toMatchObject({ type: 'upstream_error', code: 'SIMULATED_EVIDENCE' })
      expect(strict.gateway.gateway.log.counts.intents).toBe(0)
      const readyz = await curl(`${strict.origin}/readyz`)
      expect(JSON.parse(readyz.out)).toMatchObject({ ready: false, code: 'SIMULATED_EVIDENCE', check: error.check })
      await expect(strict.proxy.check()).rejects.toMatchObject({ refusal: { code: 'SIMULATED_EVIDENCE' } })
    } finally {
      await strict.close()
    }
  })

  it('whose evidence was seen before is a 502', async () => {
    const own = await startProxyFixture({ gateway: { answer } })
    try {
      let seen: string | undefined
      own.meddle((passing) => {
        if (!passing.path.startsWith('/v1/attestation')) return passing
        if (passing.status === 200) seen ??= passing.body
        return { ...passing, body: seen ?? passing.body }
      })
      await own.proxy.check()
      const reply = await own.chat(ASK)
      expect(reply.status).toBe(502)
      expect(JSON.parse(reply.text).error).toMatchObject({ check: 'nonce' })
      expect(own.gateway.gateway.log.counts.intents).toBe(0)
    } finally {
      await own.close()
    }
  })
})
