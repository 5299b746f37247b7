/** What ties the proxy's connections to the TEE: named in each verdict, and never dropped where it was asked for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTlsChannel } from '../../src/client-node/index.ts'
import { createOhttpChannel } from '../../src/client-ohttp/index.ts'
import { createProxy, type ProxyDeps, type VerifyingProxy } from '../../src/proxy/index.ts'
import { hashApiKey } from '../../src/server/config/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { call, type Reply } from '../server/gateway/http-client.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

let upstream: MockUpstream
let tls: TestGateway
let plain: TestGateway
beforeAll(async () => {
  upstream = await startMockUpstream(({ body }) =>
    Buffer.from(body).includes('"stream":true') ? sse(CHAT_STREAM, [7]) : json(CHAT_COMPLETION),
  )
  tls = await startTestGateway({ upstream: upstream.origin, tls: 'self-signed' })
  plain = await startTestGateway({ upstream: upstream.origin })
})
afterAll(async () => {
  await tls.close()
  await plain.close()
  await upstream.close()
})

async function within<T>(
  { base, trust }: TestGateway,
  channel: ProxyDeps['channel'],
  use: (url: string, proxy: VerifyingProxy) => Promise<T>,
): Promise<T> {
  const listen = { host: '127.0.0.1', port: 0 }
  const proxy = createProxy({ base, trust, channel, listen, report: () => undefined })
  try {
    return await use(await proxy.listen(), proxy)
  } finally {
    await proxy.close()
  }
}

function ask(url: string, more: object = {}): Promise<Reply> {
  const body = { model: 'mock', messages: [{ role: 'user', content: 'May I?' }], ...more }
  const headers = { 'content-type': 'application/json' }
  return call(`${url}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) })
}

const BINDINGS = [
  ['tls-spki', () => tls, createTlsChannel({ binding: 'tls-spki' })],
  ['tls-exporter', () => tls, createTlsChannel({ binding: 'tls-exporter' })],
  ['ohttp', () => plain, createOhttpChannel()],
] as const

describe.each(BINDINGS)('%s', (binding, gateway, channel) => {
  it('carries answers, streams and listings, and stands in their verdicts', async () => {
    await within(gateway(), channel, async (url, proxy) => {
      expect(await proxy.check()).toMatchObject({ channel: binding, platform: 'snp' })
      const whole = await ask(url)
      expect(whole.headers['countersign-verdict']).toMatch(new RegExp(`^verified;grade=signed;channel=${binding};`))
      expect(JSON.parse(whole.text)).toEqual(CHAT_COMPLETION)
      const stream = await ask(url, { stream: true })
      expect(stream.headers['countersign-verdict']).toBe(`pending;channel=${binding}`)
      expect(stream.text).toContain('data: [DONE]')
      expect(stream.text).toMatch(new RegExp(`\n: countersign-verdict verified;grade=signed;channel=${binding};`))
      const listing = await call(`${url}/models`)
      expect(listing.headers['countersign-verdict']).toBe(`no-receipt;channel=${binding}`)
    })
  })
})

describe.each(['tls-spki', 'tls-exporter'] as const)('%s', (binding) => {
  it('is refused, not dropped, where the gateway speaks no TLS', async () => {
    const before = upstream.received.length
    await within(plain, createTlsChannel({ binding }), async (url) => {
      const reply = await ask(url)
      expect(reply.status).toBe(502)
      expect(JSON.parse(reply.text).error).toMatchObject({ code: 'CHANNEL_BINDING_LEVEL' })
    })
    expect(upstream.received.slice(before).filter(({ method }) => method === 'POST')).toEqual([])
  })
})

it('ohttp brings the status of a refusal without a receipt, of what was encrypted', async () => {
  const key = `\n    - id: a\n      tenant: alice\n      sha256: ${hashApiKey('cs_alice')}\n      models: all`
  const guarded = await startTestGateway({ upstream: upstream.origin, apiKeys: key })
  try {
    await within(guarded, createOhttpChannel(), async (url) => {
      const reply = await ask(url)
      expect(reply.status).toBe(401)
      expect(reply.headers['countersign-verdict']).toBe('failed;check=receipt;code=RECEIPT_MISSING')
    })
  } finally {
    await guarded.close()
  }
})

it('none is refused where policy asks for a binding, before anything is asked', () => {
  const { policy, lock } = plain.trust
  const trust = { policy: { ...policy, live: { ...policy.live, channel: ['ohttp', 'tls-exporter'] as const } }, lock }
  const deps = { base: plain.base, trust, report: () => undefined }
  expect(() => createProxy({ ...deps, channel: 'none' })).toThrow('the policy asks for channel ohttp or tls-exporter')
  expect(() => createProxy({ ...deps, channel: createTlsChannel({ binding: 'tls-spki' }) })).toThrow('not for tls-spki')
  createProxy({ ...deps, channel: createTlsChannel({ binding: 'tls-exporter' }) })
})
