/** Who may ask for what: keys, models, receipts of others; and what browsers and other hops may do. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import {
  ask,
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  ridOf,
  SPLICED_MODEL,
  startFixture,
} from './gateway-fixture.ts'
import { call } from './http-client.ts'

const KEYS = { alice: 'cs_alice', bob: 'cs_bob', alice2: 'cs_alice_too' } as const
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('with API keys', () => {
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture({
      operational: {
        apiKeys: [
          { id: 'a', tenant: 'alice', sha256: hashApiKey(KEYS.alice), models: 'all' },
          { id: 'a2', tenant: 'alice', sha256: hashApiKey(KEYS.alice2), models: [PLAIN_MODEL] },
          { id: 'b', tenant: 'bob', sha256: hashApiKey(KEYS.bob), models: [PLAIN_MODEL] },
        ],
      },
    })
  })
  afterAll(() => fixture.close())

  it.each([{}, bearer('cs_mallory'), { authorization: 'Basic x' }, { authorization: KEYS.alice }, bearer('')])(
    'answers 401 without receipt to %o',
    async (headers) => {
      const { intents } = fixture.gateway.log.counts
      const replies = [
        await fixture.chat(ask(PLAIN_MODEL), { headers }),
        await fixture.get('/v1/models', headers),
        await fixture.get('/v1/receipts/AAAAAAAAAAAAAAAAAAAAAA', headers),
      ]
      for (const reply of replies) {
        expect(reply.status).toBe(401)
        expect(JSON.parse(reply.text).error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_api_key' })
        expect(reply.headers['inference-receipt']).toBeUndefined()
      }
      expect(fixture.gateway.log.counts.intents).toBe(intents)
    },
  )

  it('answers 403 with a receipt for a model that the key may not use, and hides it from the list', async () => {
    const reply = await fixture.chat(ask(SPLICED_MODEL), { headers: bearer(KEYS.bob) })
    expect(reply.status).toBe(403)
    expect(JSON.parse(reply.text).error.type).toBe('permission_error')
    expect(decodedReceiptOf(reply).claims.outcome).toBe('refused')
    const list = await fixture.get('/v1/models', bearer(KEYS.bob))
    expect(JSON.parse(list.text).data.map(({ id }: { id: string }) => id)).toEqual([PLAIN_MODEL])
    expect((await fixture.get(`/v1/models/${SPLICED_MODEL}`, bearer(KEYS.bob))).status).toBe(404)
    expect(JSON.parse((await fixture.get(`/v1/models/${SPLICED_MODEL}`, bearer(KEYS.alice))).text).id).toBe(
      SPLICED_MODEL,
    )
  })

  it('gives a receipt to its tenant by any of its keys, and to nobody else', async () => {
    const rid = ridOf(await fixture.chat(ask(PLAIN_MODEL), { headers: bearer(KEYS.alice) }))
    for (const key of [KEYS.alice, KEYS.alice2])
      expect(decodeReceipt((await fixture.get(`/v1/receipts/${rid}`, bearer(key))).text).claims.outcome).toBe(
        'complete',
      )
    const unknown = await fixture.get('/v1/receipts/AAAAAAAAAAAAAAAAAAAAAA', bearer(KEYS.bob))
    const foreign = await fixture.get(`/v1/receipts/${rid}`, bearer(KEYS.bob))
    const malformed = await fixture.get('/v1/receipts/x', bearer(KEYS.bob))
    const loose = await fixture.get(`/v1/receipts/${rid.slice(0, 21)}B`, bearer(KEYS.alice))
    const proof = await fixture.get(`/v1/receipts/${rid}/proof`, bearer(KEYS.bob))
    for (const reply of [unknown, foreign, malformed, loose, proof]) {
      expect(reply.status).toBe(404)
      expect(reply.text).toBe(unknown.text)
      expect(Object.keys(reply.headers)).toEqual(Object.keys(unknown.headers))
    }
  })

  it('asks no key for what anyone must be able to verify', async () => {
    for (const path of ['/v1/attestation', '/livez', '/readyz', `/log/${fixture.gateway.log.id}/checkpoint`])
      expect((await fixture.get(path)).status).toBe(200)
  })
})

describe('what leaves the gateway', () => {
  const CANARY = 'canary-7f3a'
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture()
  })
  afterAll(() => fixture.close())

  it('as telemetry holds nothing of a request but its jti, sizes and times', async () => {
    const headers = {
      'x-stainless-os': CANARY,
      'attestation-nonce': Buffer.from(CANARY.padEnd(40)).toString('base64url'),
    }
    const rids = [
      await fixture.chat(ask(PLAIN_MODEL, { user: CANARY, messages: [{ role: 'user', content: CANARY }] }), {
        headers,
      }),
      await fixture.chat(ask(CANARY), { headers }),
      await fixture.chat(`{"model": ${CANARY}`, { headers }),
    ].map(ridOf)
    await Promise.all(rids.map((rid) => fixture.get(`/v1/receipts/${rid}`)))
    await fixture.get(`/${CANARY}?${CANARY}`)
    const written = JSON.stringify(fixture.lines)
    expect(written).not.toContain(CANARY)
    for (const rid of rids) expect(written).not.toContain(rid)
    expect(written).not.toContain('sha256:')
    expect(fixture.lines.filter((line) => line.event === 'request' && line.jti !== undefined)).toHaveLength(3)
  })

  it('lets browsers of any origin ask, and read what is ours', async () => {
    const preflight = await call(`${fixture.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'attestation-nonce' },
    })
    expect(preflight.status).toBe(204)
    const allowed = String(preflight.headers['access-control-allow-headers']).split(', ')
    expect(allowed).toEqual(
      expect.arrayContaining(['attestation-nonce', 'inference-receipt-prev', 'idempotency-key', 'incremental']),
    )
    for (const reply of [await fixture.chat(ask(PLAIN_MODEL)), await fixture.get('/nowhere')]) {
      expect(reply.headers['access-control-allow-origin']).toBe('*')
      expect(reply.headers['access-control-expose-headers']).toContain('inference-receipt')
    }
  })
})

describe('requests that another hop may read differently', () => {
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture()
  })
  afterAll(() => fixture.close())

  /** Everything that comes back on one connection, until it is closed. */
  const exchange = (octets: string): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(fixture.url)
      const socket = connect(Number(port), hostname, () => socket.write(octets))
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(text))
    })
  const MARKER = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'

  it('a head that does not come in five seconds: 408 in the shape of errors, and the connection is closed', async () => {
    const startedMs = performance.now()
    const text = await exchange('POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx:')
    expect(performance.now() - startedMs).toBeGreaterThan(4_000)
    expect(text.startsWith('HTTP/1.1 408 ')).toBe(true)
    const { error } = JSON.parse(text.slice(text.indexOf('{')))
    expect(error).toMatchObject({ type: 'timeout_error', param: null, code: 'request_timeout' })
  })

  it.each([
    [
      'HTTP/1.0 with Transfer-Encoding',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two Hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['an absolute target', 'GET http://b/livez HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
    [
      'Content-Length and Transfer-Encoding',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two Content-Lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n', 400],
    ['a bare line feed in the head', 'GET /livez HTTP/1.1\nHost: a\n\n', 400],
    ['101 headers', `GET /livez HTTP/1.1\r\nHost: a\r\n${'x: y\r\n'.repeat(100)}\r\n`, 431],
    ['headers beyond 16 KiB', `GET /livez HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`, 431],
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n', 400],
  ])('%s: refused, and the connection is closed', async (_name, octets, status) => {
    const text = await exchange(octets + MARKER)
    expect(text.startsWith(`HTTP/1.1 ${status} `)).toBe(true)
    expect(text).not.toContain('"live"')
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })
})
