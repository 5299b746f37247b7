/** Good answers: their receipts verify by the core alone, over the exact octets that went in and came out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
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
  verifyGradeQuoted,
  verifySigned,
} from './gateway-fixture.ts'

const isStream = (body: Uint8Array): boolean => Buffer.from(body).includes('"stream":true')

describe('a good answer', () => {
  let fixture: GatewayFixture
  beforeAll(async () => {
    fixture = await startFixture({
      answer: ({ body }) => (isStream(body) ? sse(CHAT_STREAM, [7, 91, 3]) : json(CHAT_COMPLETION)),
    })
  })
  afterAll(() => fixture.close())

  it.each([PLAIN_MODEL, SPLICED_MODEL])('unstreamed from %s verifies as signed and as quoted', async (model) => {
    const request = ask(model)
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.text)).toEqual(CHAT_COMPLETION)
    const signed = await verifySigned(fixture, { request, reply })
    expect(signed.claims.outcome).toBe('complete')
    expect(signed.disclosed.forwarded?.transforms).toHaveLength(model === PLAIN_MODEL ? 0 : 1)
    const quoted = await verifyGradeQuoted(fixture, signed, ridOf(reply))
    expect(quoted.index).toBeLessThan(quoted.size)
  })

  it.each([PLAIN_MODEL, SPLICED_MODEL])('streamed from %s verifies as signed and as quoted', async (model) => {
    const request = ask(model, { stream: true })
    const reply = await fixture.chat(request)
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('text/event-stream')
    expect(reply.text).toBe(`${CHAT_STREAM}: receipt ${receiptOf(reply)}\n\n`)
    const signed = await verifySigned(fixture, { request, reply })
    expect(signed.claims.outcome).toBe('complete')
    await verifyGradeQuoted(fixture, signed, ridOf(reply))
  })

  it('forwards exactly the octets that the receipt names', async () => {
    const before = fixture.mock.received.length
    const reply = await fixture.chat(ask(SPLICED_MODEL))
    const { disclosed } = decodedReceiptOf(reply)
    const seen = fixture.mock.received[before]?.body ?? new Uint8Array(0)
    expect(JSON.parse(Buffer.from(seen).toString()).model).toBe('m')
    expect(disclosed.forwarded?.digest).toBe(digestUri(seen))
    expect(disclosed.forwarded?.size).toBe(seen.length)
  })

  it('copies the nonce verbatim into the receipt', async () => {
    const nonce = new Uint8Array(48).fill(0xfb)
    const text = Buffer.from(nonce).toString('base64url')
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request, { headers: { 'attestation-nonce': text } })
    const signed = await verifySigned(fixture, { request, reply, nonce })
    expect(signed.claims.eat_nonce).toBe(text)
  })

  it('sends three disclosures with the answer and keeps five for whoever holds the rid', async () => {
    const reply = await fixture.chat(ask(SPLICED_MODEL), { headers: { 'x-stainless-retry-count': '2' } })
    expect(Object.keys(decodedReceiptOf(reply).disclosed)).toEqual(['request', 'forwarded', 'response'])
    const fetched = await fixture.get(`/v1/receipts/${ridOf(reply)}`)
    expect(fetched.headers['content-type']).toBe('application/eat+jwt')
    const full = decodeReceipt(fetched.text)
    expect(full.issuerJws).toBe(decodedReceiptOf(reply).issuerJws)
    expect(full.disclosed.exchange).toMatchObject({
      http: { '@method': 'POST', '@path': '/v1/chat/completions', '@status': 200 },
      gen_ai: {
        operation_name: 'chat',
        request_model: SPLICED_MODEL,
        response_model: 'm',
        response_id: 'chatcmpl-1',
        response_finish_reasons: ['stop'],
        usage_input_tokens: 7,
        usage_output_tokens: 1,
      },
      upstream: { host: `127.0.0.1:${fixture.mock.port}` },
      retry_count: 2,
    })
    expect(full.disclosed.dependencies?.['tool-call']).toBe('none')
  })

  it('keeps core receipts below 3 KiB and whole ones below 8', async () => {
    const reply = await fixture.chat(ask(SPLICED_MODEL))
    const fetched = await fixture.get(`/v1/receipts/${ridOf(reply)}`)
    expect(decodedReceiptOf(reply).issuerJws.length).toBeLessThan(3 * 1024)
    expect(fetched.text.length).toBeLessThan(8 * 1024)
    expect(receiptOf(reply).length).toBeLessThan(6 * 1024)
  })

  it('numbers receipts without gaps, each below its leaf', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => fixture.chat(ask(PLAIN_MODEL))))
    const seqs = replies.map((reply) => decodedReceiptOf(reply).claims.seq).sort((a, b) => a - b)
    expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i))
  })

  it('answers the archive with everything that verifies it offline', async () => {
    const reply = await fixture.chat(ask(SPLICED_MODEL))
    const fetched = await fixture.get(`/v1/receipts/${ridOf(reply)}`, { accept: 'application/cmw+json' })
    const archive = decodeArchive(fetched.octets)
    expect([...(archive.inserts ?? new Map()).values()]).toEqual([new TextEncoder().encode('"m"')])
    expect(archive.receipt).toContain(decodedReceiptOf(reply).issuerJws)
  })

  it('ignores X-Request-Hash, and keeps rid and request id apart', async () => {
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request, { headers: { 'x-request-hash': 'sha256:00' } })
    await verifySigned(fixture, { request, reply })
    expect(reply.headers['x-request-id']).not.toContain(ridOf(reply))
    expect(String(reply.headers['access-control-expose-headers'])).toContain('inference-receipt-id')
  })

  it.each(['signed', 'quoted'])('answers Prefer: receipt=%s when it has that grade', async (grade) => {
    const reply = await fixture.chat(ask(PLAIN_MODEL), { headers: { prefer: `receipt=${grade}, wait=20` } })
    expect(reply.headers['preference-applied']).toBe(`receipt=${grade}`)
    expect(reply.status).toBe(200)
  })
})
