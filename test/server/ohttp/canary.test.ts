/** What stands in front of the gateway, and what the operator is told, holds nothing of what was encrypted. */
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import type { AttestedReceipt } from '../../../src/client/receipt.ts'
import { createOhttpChannel } from '../../../src/client-ohttp/index.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import { type GatewayFixture, PLAIN_MODEL, startFixture } from '../gateway/gateway-fixture.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, sse } from '../upstream/mock-answers.ts'
import { RESOURCE } from './encrypted-client.ts'

const API_KEY = 'cs_canary_key_4711'
const PROMPT = 'canary prompt 4712'
const HEADER = 'canary-header-4713'

interface Recorder {
  readonly base: string
  readonly octets: () => Buffer
  readonly server: Server
}

/** Passes octets on in both directions, and keeps them. */
async function record(port: number): Promise<Recorder> {
  const seen: Buffer[] = []
  const server = createServer((client) => {
    const gateway = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      from.on('data', (octets) => {
        seen.push(octets)
        to.write(octets)
      })
      from.on('close', () => to.destroy())
      from.on('error', () => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = address !== null && typeof address === 'object' ? address.port : 0
  return { base: `http://127.0.0.1:${own}/v1`, octets: () => Buffer.concat(seen), server }
}

describe('over OHTTP', () => {
  let fixture: GatewayFixture
  let recorder: Recorder
  let fetch: typeof globalThis.fetch
  beforeAll(async () => {
    fixture = await startFixture({
      answer: ({ body }) => (Buffer.from(body).includes('"stream":true') ? sse(CHAT_STREAM) : json(CHAT_COMPLETION)),
      operational: { apiKeys: [{ id: 'a', tenant: 'a', sha256: hashApiKey(API_KEY), models: 'all' }] },
    })
    recorder = await record(Number(new URL(fixture.url).port))
    const { policy, lock } = fixture.trust
    fetch = createAttestedFetch({
      policy: { ...policy, live: { ...policy.live, channel: ['ohttp'] } },
      ...(lock && { lock }),
      channel: createOhttpChannel(),
    })
  })
  afterAll(async () => {
    recorder.server.close()
    await fixture.close()
  })

  async function chat(stream: boolean): Promise<{ readonly text: string; readonly receipt: AttestedReceipt }> {
    const response = await fetch(`${recorder.base}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', 'x-request-hash': HEADER },
      body: JSON.stringify({ model: PLAIN_MODEL, messages: [{ role: 'user', content: PROMPT }], stream }),
    })
    expect(response.status).toBe(200)
    const text = await response.text()
    return { text, receipt: await receiptOf(response) }
  }

  it('a whole answer, a stream, and the proofs that upgrade a receipt verify, and nothing of them is seen', async () => {
    const whole = await chat(false)
    expect(JSON.parse(whole.text)).toEqual(CHAT_COMPLETION)
    const streamed = await chat(true)
    expect(streamed.text).toContain('data: [DONE]')
    const quoted = await whole.receipt.upgrade('quoted')
    expect(quoted.grade).toBe('quoted')
    // They did come.
    const received = fixture.mock.received.filter(({ method }) => method === 'POST')
    expect(received.map(({ body }) => Buffer.from(body).includes(PROMPT))).toEqual([true, true])
    const wire = recorder.octets()
    expect(wire.includes(RESOURCE)).toBe(true)
    const told = Buffer.from(JSON.stringify(fixture.lines))
    for (const secret of [API_KEY, PROMPT, HEADER, 'authorization', 'Grüß', 'Bearer']) {
      expect(wire.includes(secret)).toBe(false)
      expect(told.includes(secret)).toBe(false)
    }
    for (const path of ['/chat/completions', '/v1/receipts', 'inference-receipt: ', 'inference-receipt-id: '])
      expect(wire.includes(path)).toBe(false)
    const outer = fixture.lines.filter((line) => line.event === 'request' && line.route === RESOURCE)
    expect(outer.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(outer)).not.toContain('completions')
  })

  it('a refused key is refused within', async () => {
    const before = recorder.octets().length
    const response = fetch(`${recorder.base}/models`, { headers: { authorization: 'Bearer cs_wrong_4714' } })
    expect((await response).status).toBe(401)
    const wire = recorder.octets().subarray(before)
    expect(wire.includes('invalid_api_key')).toBe(false)
    expect(wire.includes('cs_wrong_4714')).toBe(false)
  })
})
