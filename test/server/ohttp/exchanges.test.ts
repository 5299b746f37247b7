/** Encrypted requests are answered as those in clear are, by the same code. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeRequest } from '../../../src/core/ohttp/binary-http.ts'
import { KEM_X_WING } from '../../../src/core/ohttp/key-configs.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { sealRequest } from '../../../src/ohttp/index.ts'
import {
  ask,
  attest,
  type GatewayFixture,
  PLAIN_MODEL,
  startFixture,
  verifySigned,
} from '../gateway/gateway-fixture.ts'
import { call } from '../gateway/http-client.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json, sse } from '../upstream/mock-answers.ts'
import { createGate, type ReceivedRequest, type Script } from '../upstream/mock-upstream.ts'
import {
  chatRequest,
  dated,
  exchange,
  openReply,
  openStream,
  RESOURCE,
  request,
  seal,
  sendOctets,
  sessionKey,
} from './encrypted-client.ts'

const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
let answer: (received: ReceivedRequest) => Script
beforeEach(async () => {
  answer = () => json(CHAT_COMPLETION)
  fixture = await startFixture({ answer: (received) => answer(received) })
})
afterEach(() => fixture.close())

describe('an encrypted request', () => {
  it.each(['chunked', 'whole'] as const)('is answered with its receipt (%s)', async (form) => {
    const reply = await exchange(fixture, chatRequest(), form)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.text)).toEqual(CHAT_COMPLETION)
    expect(reply.outer.headers['content-type']).toBe(
      form === 'chunked' ? 'message/ohttp-chunked-res' : 'message/ohttp-res',
    )
    const receipt = decodeReceipt(reply.headers.get('inference-receipt') ?? '')
    expect(receipt.disclosed.exchange).toMatchObject({ channel: 'ohttp' })
    const headers = Object.fromEntries(reply.headers)
    const verified = await verifySigned(fixture, {
      request: ask(PLAIN_MODEL),
      reply: { ...reply.outer, headers, octets: reply.octets },
    })
    expect(verified.claims.outcome).toBe('complete')
  })

  it('is taken under the hybrid key too', async () => {
    const sealed = await sealRequest(
      await sessionKey(fixture, KEM_X_WING),
      encodeRequest(dated(chatRequest())),
      'chunked',
    )
    expect((await openReply(await sendOctets(fixture, sealed.octets), sealed)).status).toBe(200)
  })

  it('has each part of a stream sent on at once', async () => {
    const gate = createGate()
    answer = () =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ])
    const reply = await openStream(fixture, chatRequest({ stream: true }))
    await reply.until(FIRST)
    expect(reply.text).toBe(FIRST)
    expect(reply.incoming.headers).toMatchObject({
      'content-type': 'message/ohttp-chunked-res',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      incremental: '?1',
    })
    gate.open()
    while (await reply.more());
    await reply.finish()
    expect(reply.text).toContain('data: [DONE]\n\n')
    expect(reply.text).toMatch(/\n: receipt ey/)
  })

  it('streams in the form that is whole when its stream has ended', async () => {
    answer = () => sse(CHAT_STREAM)
    const reply = await exchange(fixture, chatRequest({ stream: true }), 'whole')
    expect(reply.text.startsWith(CHAT_STREAM.slice(0, -'data: [DONE]\n\n'.length))).toBe(true)
  })

  it('reaches every route: models, receipts, and what is not there', async () => {
    const chat = await exchange(fixture, chatRequest())
    const models = await exchange(fixture, request('GET', '/v1/models'))
    expect(JSON.parse(models.text).data.map(({ id }: { id: string }) => id)).toContain(PLAIN_MODEL)
    const rid = chat.headers.get('inference-receipt-id')
    const receipt = await exchange(fixture, request('GET', `/v1/receipts/${rid}`))
    expect(decodeReceipt(receipt.text).claims).toEqual(
      decodeReceipt(chat.headers.get('inference-receipt') ?? '').claims,
    )
    const absent = await exchange(fixture, request('GET', '/nowhere'))
    expect([absent.outer.status, absent.status]).toEqual([200, 404])
    const erased = await exchange(fixture, request('DELETE', `/v1/receipts/${rid}`))
    expect(erased.status).toBe(204)
  })

  it('goes to this gateway, whatever authority it names', async () => {
    const elsewhere = { ...chatRequest(), scheme: 'https', authority: `127.0.0.1:${fixture.mock.port}` }
    const before = fixture.mock.received.length
    const reply = await exchange(fixture, { ...elsewhere, method: 'GET', path: '/livez', content: new Uint8Array(0) })
    expect([reply.status, fixture.mock.received.length]).toEqual([200, before])
  })

  it('has the same limits', async () => {
    const headers = (count: number, size: number) =>
      Array.from({ length: count }, (_, i) => [`x-${i}`, 'a'.repeat(size)] as const)
    const many = await exchange(fixture, chatRequest({}, headers(101, 1)))
    expect([many.outer.status, many.status]).toEqual([200, 431])
    const long = await exchange(fixture, chatRequest({}, headers(20, 1_000)))
    expect(long.status).toBe(431)
    const large = await exchange(fixture, { ...chatRequest(), content: new Uint8Array((1 << 20) + 1) })
    expect(large.status).toBe(413)
    expect(decodeReceipt(large.headers.get('inference-receipt') ?? '').claims.outcome).toBe('refused')
  })

  it('holds no other one', async () => {
    const within = await seal(fixture, dated(chatRequest()))
    const nested = request('POST', RESOURCE, {
      headers: [['content-type', 'message/ohttp-chunked-req']],
      content: within.octets,
    })
    const reply = await exchange(fixture, nested)
    expect([reply.outer.status, reply.status]).toEqual([200, 400])
  })

  it('[W18] cannot have a challenge bound to a connection that does not end here', async () => {
    const nonce = encodeBase64Url(new Uint8Array(32).fill(7))
    const reply = await exchange(fixture, request('GET', `/v1/attestation?nonce=${nonce}&binding=tls-exporter`))
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text).error.code).toBe('channel_binding_unavailable')
  })

  it('[W18] is refused at a route that does not decrypt', async () => {
    const { octets } = await seal(fixture, dated(chatRequest()))
    const reply = await call(`${fixture.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'message/ohttp-chunked-req' },
      body: octets,
    })
    expect(reply.status).toBe(400)
    expect(fixture.mock.received.filter(({ method }) => method === 'POST')).toEqual([])
  })
})

describe('the resource', () => {
  it('shows the keys that the session names', async () => {
    const { session } = await attest(fixture)
    const reply = await fixture.get(RESOURCE)
    expect(reply.headers['content-type']).toBe('application/ohttp-keys')
    expect(encodeBase64Url(reply.octets)).toBe(session.keys.ohttp)
  })

  it('may be asked by pages from elsewhere', async () => {
    const preflight = await call(`${fixture.url}${RESOURCE}`, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-origin']).toBe('*')
    expect(String(preflight.headers['access-control-allow-headers']).split(', ')).toEqual(
      expect.arrayContaining(['content-type', 'incremental']),
    )
    const sealed = await seal(fixture, dated(chatRequest()))
    const reply = await sendOctets(fixture, sealed.octets)
    expect(reply.headers['access-control-allow-origin']).toBe('*')
  })

  it('counts an exchange by sizes and times alone', async () => {
    const sealed = await seal(fixture, dated(chatRequest()))
    const reply = await sendOctets(fixture, sealed.octets)
    const line = await fixture.line((each) => each.event === 'request' && each.route === RESOURCE)
    expect(line).toMatchObject({ status: 200, requestSize: sealed.octets.length, responseSize: reply.octets.length })
    expect(Object.keys(line).sort()).toEqual([
      'durationMs',
      'event',
      'requestId',
      'requestSize',
      'responseSize',
      'route',
      'status',
    ])
  })

  it('gives a plain request its receipt as ever', async () => {
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    const { disclosed } = decodeReceipt(String(reply.headers['inference-receipt']))
    expect(disclosed.response).toMatchObject(holdOctets(reply.octets))
    expect(disclosed.exchange).not.toMatchObject({ channel: 'ohttp' })
  })
})
