/** The proxy as a server of this machine: who may ask, what for, how much, and what it does without a gateway. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProxy, type RequestLine } from '../../src/proxy/index.ts'
import { closedPort } from '../kit/free-ports.ts'
import { call, open, readReply } from '../server/gateway/http-client.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json } from '../server/upstream/mock-answers.ts'
import { createGate, type ReceivedRequest, type Script } from '../server/upstream/mock-upstream.ts'
import { ASK, type ProxyFixture, startProxyFixture } from './proxy-fixture.ts'

const PAGE = 'http://localhost:5173'
const LIMIT = 10_000

let gate = createGate()
function answer({ body }: ReceivedRequest): Script {
  const { user, stream } = JSON.parse(Buffer.from(body).toString())
  if (!stream) return json(CHAT_COMPLETION)
  return user === 'hang' ? ['hang'] : gated([[CHAT_STREAM, gate.opened]])
}

let fixture: ProxyFixture
beforeAll(async () => {
  fixture = await startProxyFixture({
    gateway: { answer },
    proxy: { allowOrigins: [PAGE], allowHosts: ['proxy.internal'], limits: { maxRequestSize: LIMIT } },
  })
})
afterAll(() => fixture.close())

const intents = (): number => fixture.gateway.gateway.log.counts.intents

describe('a caller', () => {
  it.each([
    ['a name that an attacker points here (DNS rebinding)', { host: 'evil.example:8788' }],
    ['a name that begins like loopback', { host: '127.0.0.1.evil.example' }],
    ['another address', { host: '192.0.2.1' }],
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of no origin', { origin: 'null' }],
    ['a page that only looks allowed', { origin: `${PAGE}.evil.example` }],
    ['an image or form of another site', { 'sec-fetch-site': 'cross-site' }],
  ])('with %s is refused before anything is asked', async (_what, headers) => {
    const before = intents()
    const reply = await fixture.chat(ASK, { headers })
    expect(reply.status).toBe(403)
    expect(JSON.parse(reply.text).error.code).toMatch(/^(?:host|origin)_not_allowed$/)
    expect(reply.headers['countersign-verdict']).toBe('local')
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
    expect((await call(`${fixture.origin}/readyz`, { headers })).status).toBe(403)
    expect((await call(`${fixture.url}/models`, { headers })).status).toBe(403)
    expect(intents()).toBe(before)
  })

  it.each([{ host: 'localhost:1' }, { host: '[::1]:1' }, { host: 'proxy.internal' }, { 'sec-fetch-site': 'none' }])(
    'with %o is answered',
    async (headers) => {
      expect((await fixture.chat(ASK, { headers })).status).toBe(200)
    },
  )

  it('that is a page of an origin that may is answered, and may read the verdict', async () => {
    const origin = { origin: PAGE, 'sec-fetch-site': 'cross-site' }
    const preflight = await call(`${fixture.url}/chat/completions`, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-headers': 'authorization, content-type' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-headers': 'authorization, content-type',
    })
    const { status, headers } = await fixture.chat(ASK, { headers: origin })
    expect(status).toBe(200)
    expect(headers['access-control-allow-origin']).toBe(PAGE)
    expect(headers['access-control-expose-headers']).toContain('countersign-verdict')
  })

  it.each(['0.0.0.0', '192.0.2.1', '::'])(
    'from elsewhere cannot come: it does not listen on %s unless told so',
    (host) => {
      const { trust } = fixture.gateway
      const deps = { base: fixture.url, trust, channel: 'none', report: () => undefined } as const
      expect(() => createProxy({ ...deps, listen: { host, port: 0 } })).toThrow('not a loopback address')
      createProxy({ ...deps, listen: { host, port: 0 }, dangerouslyListenAnywhere: true })
    },
  )
})

describe('a request', () => {
  it.each([
    ['GET', '/', 404],
    ['GET', '/metrics', 404],
    ['GET', '/v1/../readyz', 404],
    ['GET', '/v1/%2e%2e/log', 404],
    ['POST', '/v1/chat/completions#x', 404],
    ['GET', '//evil.example/v1/models', 404],
    ['GET', 'http://evil.example/v1/models', 404],
    ['PATCH', '/v1/models', 405],
    ['GET', '/v1/attestation?nonce=AAAA', 404],
    ['GET', '/v1/receipts/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ['GET', '/v1/sessions/00', 404],
  ])('%s %s goes nowhere: %d', async (method, target, status) => {
    const reply = await raw(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
    expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(reply).toMatch(/countersign-verdict: local/)
    expect(reply).toMatch(/"type":"invalid_request_error"/)
  })

  it.each([
    ['two hosts', 'GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n', 400],
    ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n', 400],
    [
      'HTTP/1.0 in chunks',
      'POST /v1/x HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['101 headers', `GET /v1/models HTTP/1.1\r\nHost: localhost\r\n${'a: b\r\n'.repeat(100)}\r\n`, 431],
    ['large headers', `GET /v1/models HTTP/1.1\r\nHost: localhost\r\na: ${'b'.repeat(17_000)}\r\n\r\n`, 431],
    [
      'a length beyond the limit',
      `POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
      413,
    ],
    [
      'chunks beyond the limit',
      `POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n${'x'.repeat(10_001)}\r\n`,
      413,
    ],
  ])('with %s is refused', async (_what, octets, status) => {
    expect(await raw(octets)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  it('with a nonce of its own is refused: the receipt would not hold it', async () => {
    const reply = await fixture.chat(ASK, { headers: { 'attestation-nonce': 'A'.repeat(43) } })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text).error.code).toBe('nonce_not_passed')
  })

  it('reaches the gateway octet by octet, with the headers of its SDK and without those of its connection', async () => {
    const octets = `{ "model": "plain" ,"messages":[{"role":"user","content":"\\u0041"}] }`
    const before = fixture.gateway.mock.received.length
    const headers = {
      'content-type': 'application/json',
      'x-stainless-lang': 'python',
      cookie: 'session=of-another-server',
      connection: 'x-secret-hop',
      'x-secret-hop': 'mine',
      'accept-encoding': 'gzip',
    }
    const seen: Readonly<Record<string, string | string[] | undefined>>[] = []
    const { base, trust } = { base: `${fixture.gateway.url}/v1`, trust: fixture.gateway.trust }
    const own = createProxy({
      base,
      trust,
      channel: 'none',
      listen: { host: '127.0.0.1', port: 0 },
      report: () => undefined,
      deps: {
        fetch: (input, init) => {
          if (init?.method === 'POST') seen.push(Object.fromEntries(new Headers(init.headers)))
          return fetch(input, init)
        },
      },
    })
    const url = await own.listen()
    expect((await call(`${url}/chat/completions`, { method: 'POST', headers, body: octets })).status).toBe(200)
    await own.close()
    expect(Buffer.from(fixture.gateway.mock.received[before]?.body ?? []).toString()).toBe(octets)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ 'x-stainless-lang': 'python', 'accept-encoding': 'identity' })
    for (const name of ['cookie', 'connection', 'x-secret-hop', 'host']) expect(seen[0]).not.toHaveProperty(name)
  })
})

describe('health', () => {
  it('is what verified', async () => {
    expect(JSON.parse((await call(`${fixture.origin}/livez`)).text)).toEqual({ live: true })
    const { status, text } = await call(`${fixture.origin}/readyz`)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      ready: true,
      gateway: { platform: 'snp', simulated: true, channel: 'none' },
    })
  })
})

describe('without a gateway', () => {
  it('every request is a 502 that may be tried again, and readiness says why', async () => {
    const lines: RequestLine[] = []
    const proxy = createProxy({
      base: `http://127.0.0.1:${await closedPort()}/v1`,
      trust: fixture.gateway.trust,
      channel: 'none',
      listen: { host: '127.0.0.1', port: 0 },
      report: (line) => lines.push(line),
    })
    const url = await proxy.listen()
    const reply = await call(`${url}/chat/completions`, { method: 'POST', body: JSON.stringify(ASK) })
    expect(reply.status).toBe(502)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'upstream_error', code: 'gateway_unreachable' })
    expect(reply.headers).not.toHaveProperty('x-should-retry')
    expect(reply.headers['countersign-verdict']).toBe('failed;code=gateway_unreachable')
    const ready = await call(`${new URL(url).origin}/readyz`)
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.text)).toMatchObject({ ready: false, code: 'gateway_unreachable' })
    await proxy.close()
    expect(lines[0]).toMatchObject({ status: 502, verdict: 'failed', code: 'gateway_unreachable' })
  })
})

describe('a gateway that falls silent', () => {
  it('is waited for no longer than the limit', async () => {
    const impatient = await startProxyFixture({ gateway: { answer }, proxy: { limits: { idleTimeoutMs: 300 } } })
    try {
      const reply = await impatient.chat({ ...ASK, stream: true, user: 'hang' })
      expect([reply.status, JSON.parse(reply.text.replace('data: ', '')).error.code]).toEqual([504, 'gateway_timeout'])
    } finally {
      await impatient.close()
    }
  })
})

describe('a proxy that stops', () => {
  it('lets what is under way come to its end, and takes nothing more', async () => {
    const stopping = await startProxyFixture({ gateway: { answer } })
    gate = createGate()
    const reply = await open(`${stopping.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASK, stream: true }),
    })
    // A connection that never asks anything must not be waited for.
    const silent = connect(Number(new URL(stopping.url).port), '127.0.0.1')
    await new Promise((resolve) => silent.on('connect', resolve))
    const closing = stopping.proxy.close()
    await expect(call(`${stopping.origin}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    gate.open()
    const { text } = await readReply(reply)
    expect(text).toContain('[DONE]')
    expect(text).toMatch(/: countersign-verdict verified;/)
    await closing
    silent.destroy()
    await stopping.close()
  })

  it('cuts what does not, as an error', async () => {
    const stopping = await startProxyFixture({ gateway: { answer }, proxy: { limits: { drainTimeoutMs: 50 } } })
    gate = createGate()
    const reply = await open(`${stopping.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASK, stream: true }),
    })
    let text = ''
    reply.incoming.on('data', (part: Buffer) => {
      text += part.toString()
    })
    const broken = new Promise((resolve) => reply.incoming.on('error', resolve))
    await stopping.proxy.close()
    await broken
    expect(text).toMatch(/"code":"gateway_unreachable"/)
    expect(text).not.toContain('[DONE]')
    gate.open()
    await stopping.close()
  })
})

/** Sends octets and reads until the other side closes. */
function raw(octets: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(fixture.url).port), '127.0.0.1', () => socket.write(octets))
    let seen = ''
    socket.on('data', (part) => {
      seen += part.toString()
    })
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(seen))
    socket.on('error', (error) => (seen === '' ? reject(error) : resolve(seen)))
  })
}
