/** Conversations: each receipt names the one before it, by the client's word, and the client can hold it to that at once. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { markDecrypted } from '../../../src/server/middleware/channel-of.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, sse } from '../upstream/mock-answers.ts'
import {
  ask,
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  receiptOf,
  ridOf,
  SPLICED_MODEL,
  startFixture,
  verifySigned,
} from './gateway-fixture.ts'
import type { Reply } from './http-client.ts'

const LONG = 'ü'.repeat(128)

let fixture: GatewayFixture
beforeAll(async () => {
  fixture = await startFixture({
    answer: ({ body }) => {
      const { stream, n } = JSON.parse(Buffer.from(body).toString())
      if (stream === true) return sse(CHAT_STREAM, [5])
      if (n === undefined) return json(CHAT_COMPLETION)
      const choice = { message: { role: 'assistant', content: 'Hello' }, finish_reason: LONG }
      return json({ ...CHAT_COMPLETION, choices: Array.from({ length: n }, (_, index) => ({ ...choice, index })) })
    },
  })
})
afterAll(() => fixture.close())

const digestOf = (reply: Reply): string => digestUri(new TextEncoder().encode(decodedReceiptOf(reply).issuerJws))

describe('a request that follows a receipt', () => {
  it.each([{}, { stream: true }])('has its digest in its own, with the answer (%o)', async (more) => {
    const request = ask(SPLICED_MODEL, more)
    const first = await fixture.chat(request)
    const prev = digestOf(first)
    const reply = await fixture.chat(request, { headers: { 'inference-receipt-prev': prev } })
    const { disclosed } = decodedReceiptOf(reply)
    expect(Object.keys(disclosed)).toEqual(['request', 'forwarded', 'response', 'exchange'])
    expect(disclosed.exchange).toMatchObject({ prev, channel: 'none' })
    const signed = await verifySigned(fixture, { request, reply, prev })
    expect(signed.claims.outcome).toBe('complete')
    await expect(verifySigned(fixture, { request, reply, prev: digestOf(reply) })).rejects.toThrow('RECEIPT_CONTEXT')
  })

  it('has it in the receipt of a refusal too', async () => {
    const prev = `sha256:${'ab'.repeat(32)}`
    const reply = await fixture.chat('{}', { headers: { 'inference-receipt-prev': prev } })
    expect(reply.status).toBe(400)
    expect(decodedReceiptOf(reply).disclosed.exchange).toMatchObject({ prev })
  })

  it('gets a header that fits even from a model server whose words are long', async () => {
    const prev = `sha256:${'ab'.repeat(32)}`
    const request = ask(SPLICED_MODEL, { n: 16 })
    const reply = await fixture.chat(request, { headers: { 'inference-receipt-prev': prev } })
    expect(reply.status).toBe(200)
    expect(receiptOf(reply).length).toBeLessThanOrEqual(6 * 1024)
    expect(Object.keys(decodedReceiptOf(reply).disclosed)).toEqual(['request', 'response'])
  })

  it.each([
    ['of another algorithm', `sha512:${'ab'.repeat(32)}`],
    ['in capitals', `sha256:${'AB'.repeat(32)}`],
    ['that is too short', 'sha256:ab'],
    ['that is empty', ''],
    ['given twice', `sha256:${'ab'.repeat(32)}, sha256:${'ab'.repeat(32)}`],
  ])('is refused for a digest %s, with a receipt that follows nothing', async (_, prev) => {
    const before = fixture.mock.received.length
    const reply = await fixture.chat(ask(PLAIN_MODEL), { headers: { 'inference-receipt-prev': prev } })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text).error).toMatchObject({
      type: 'invalid_request_error',
      param: 'Inference-Receipt-Prev',
    })
    const { claims, disclosed } = decodedReceiptOf(reply)
    expect([claims.outcome, disclosed.exchange]).toEqual(['refused', undefined])
    expect(fixture.mock.received.length).toBe(before)
  })
})

/** Until the test is over, every request comes as if it had been decrypted in the gateway. */
async function whileDecrypted(run: () => Promise<void>): Promise<void> {
  const mark = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('request' in message)) return
    if (message.request instanceof IncomingMessage) markDecrypted(message.request.socket)
  }
  subscribe('http.server.request.start', mark)
  try {
    await run()
  } finally {
    unsubscribe('http.server.request.start', mark)
  }
}

describe('a request that came encrypted to the gateway', () => {
  it.each([{}, { stream: true }])('hears so in the receipt that it gets with its answer (%o)', async (more) => {
    const request = ask(SPLICED_MODEL, more)
    await whileDecrypted(async () => {
      const reply = await fixture.chat(request)
      const { disclosed } = decodedReceiptOf(reply)
      expect(disclosed.exchange).toMatchObject({ channel: 'ohttp' })
      expect(disclosed.exchange).not.toHaveProperty('prev')
      await verifySigned(fixture, { request, reply })
    })
  })

  it('cannot be claimed by a header', async () => {
    const reply = await fixture.chat(ask(PLAIN_MODEL), {
      headers: { 'inference-channel': 'ohttp', forwarded: 'proto=https', 'x-forwarded-proto': 'https' },
    })
    const { disclosed } = decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`)).text)
    expect(disclosed.exchange).toMatchObject({ channel: 'none' })
  })
})

it('a request that follows none gets what every answer has, and the fetched receipt says what carried it', async () => {
  const reply = await fixture.chat(ask(PLAIN_MODEL))
  expect(Object.keys(decodedReceiptOf(reply).disclosed)).toEqual(['request', 'forwarded', 'response'])
  const { disclosed } = decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`)).text)
  expect(disclosed.exchange).toMatchObject({ channel: 'none' })
  expect(disclosed.exchange).not.toHaveProperty('prev')
})
