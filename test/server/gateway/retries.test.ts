/** Attempts of an SDK: each is a request of its own, with a receipt that says which one it was. */
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeReceipt, type Receipt } from '../../../src/core/receipt/receipt.ts'
import { CHAT_COMPLETION, CHAT_STREAM, content, errorAnswer, json, sse } from '../upstream/mock-answers.ts'
import type { Script } from '../upstream/mock-upstream.ts'
import {
  ask,
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  ridOf,
  startFixture,
  withOutcome,
} from './gateway-fixture.ts'

const PARAMETERS = { model: PLAIN_MODEL, messages: [{ role: 'user' as const, content: 'Grüß Gott' }] }

let fixture: GatewayFixture
afterEach(() => fixture.close())

/** Answers with one script after the other. */
async function start(...scripts: readonly Script[]): Promise<void> {
  const left = [...scripts]
  fixture = await startFixture({ answer: () => left.shift() ?? ['reset'] })
}

interface Attempts {
  readonly client: OpenAI
  /** In order. */
  readonly rids: readonly string[]
}

/** @param fetch what carries each attempt */
function clientOver(fetch: typeof globalThis.fetch): OpenAI {
  return new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: 'unused', maxRetries: 2, fetch })
}

function watched(): Attempts {
  const rids: string[] = []
  const client = clientOver(async (url, init) => {
    const response = await fetch(url, init)
    rids.push(response.headers.get('inference-receipt-id') ?? 'none')
    return response
  })
  return { client, rids }
}

async function fetchReceipt(rid: string): Promise<Receipt> {
  return decodeReceipt((await fixture.get(`/v1/receipts/${rid}`)).text)
}

const answered = json(CHAT_COMPLETION)

describe('an attempt after', () => {
  it.each<readonly [name: string, failing: Script, status: number]>([
    ['429', errorAnswer(429, 'openai'), 429],
    ['503', errorAnswer(503, 'flat'), 503],
    ['a connection that the model server broke off', ['reset'], 502],
  ])('%s has a receipt of its own, and so have those before', async (_, failing, status) => {
    await start(failing, failing, answered)
    const { client, rids } = watched()
    const answer = await client.chat.completions.create(PARAMETERS)
    expect(answer.choices[0]?.message.content).toBe('Hello')
    const receipts = await Promise.all(rids.map(fetchReceipt))
    expect(receipts.map(({ claims }) => claims.outcome)).toEqual(['upstream_error', 'upstream_error', 'complete'])
    expect(receipts.map(({ disclosed }) => disclosed.exchange)).toMatchObject([
      { retry_count: 0, http: { '@status': status } },
      { retry_count: 1, http: { '@status': status } },
      { retry_count: 2, http: { '@status': 200 } },
    ])
    expect(new Set(receipts.map(({ claims }) => claims.jti)).size).toBe(3)
    expect(fixture.gateway.log.counts).toMatchObject({ intents: 3, receipts: 3, open: 0 })
  })

  it('a connection that broke between client and gateway too: those before are client_aborted', async () => {
    await start(['hang'], ['hang'], answered)
    // The probe of its health comes first.
    let attempts = 0
    const said: string[] = []
    const client = clientOver(async (url, init) => {
      const attempt = attempts++
      said.push(new Headers(init?.headers).get('x-stainless-retry-count') ?? 'none')
      if (attempt === 2) return fetch(url, init)
      const broken = new AbortController()
      void fixture.mock.request(attempt + 1).then(() => broken.abort())
      await fetch(url, { ...init, signal: broken.signal }).catch(() => {})
      throw new TypeError('fetch failed')
    })
    const { data, response } = await client.chat.completions.create(PARAMETERS).withResponse()
    expect(data.choices).toHaveLength(1)
    expect(said).toEqual(['0', '1', '2'])
    const { disclosed } = await fetchReceipt(String(response.headers.get('inference-receipt-id')))
    expect(disclosed.exchange).toMatchObject({ retry_count: 2 })
    await fixture.line(withOutcome('complete'))
    expect(fixture.gateway.log.counts).toMatchObject({ intents: 3, receipts: 3, open: 0 })
    const outcomes = fixture.lines.flatMap((line) => (line.event === 'request' ? (line.outcome ?? []) : []))
    expect(outcomes).toEqual(['client_aborted', 'client_aborted', 'complete'])
  })
})

describe('what a retry cannot mend', () => {
  const quota =
    '{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}'

  it('is not tried again: an account that is empty', async () => {
    await start(content(new TextEncoder().encode(quota), { status: 429 }), answered)
    const { client, rids } = watched()
    await expect(client.chat.completions.create(PARAMETERS)).rejects.toMatchObject({
      status: 429,
      code: 'insufficient_quota',
    })
    expect(rids).toHaveLength(1)
  })

  it('is said where SDKs look for it, and of what can be mended when to try again', async () => {
    await start(content(new TextEncoder().encode(quota), { status: 429 }), errorAnswer(429, 'flat'))
    const empty = await fixture.chat(ask(PLAIN_MODEL))
    expect(empty.headers).toMatchObject({ 'x-should-retry': 'false' })
    expect(empty.headers).not.toHaveProperty('retry-after')
    const busy = await fixture.chat(ask(PLAIN_MODEL))
    expect(busy.headers).toMatchObject({ 'retry-after': '1', 'retry-after-ms': '1000' })
    expect(busy.headers).not.toHaveProperty('x-should-retry')
  })
})

describe('an idempotency key', () => {
  it('is taken, never answered from memory, and never passed on', async () => {
    await start(answered, sse(CHAT_STREAM), answered)
    const headers = { 'idempotency-key': 'stainless-node-retry-1' }
    const first = await fixture.chat(ask(PLAIN_MODEL), { headers })
    const second = await fixture.chat(ask(PLAIN_MODEL, { stream: true }), { headers })
    const third = await fixture.chat(ask(PLAIN_MODEL), { headers })
    expect([first.status, second.status, third.status]).toEqual([200, 200, 200])
    expect(second.text).toContain('dich')
    expect(new Set([first, second, third].map(ridOf)).size).toBe(3)
    expect(decodedReceiptOf(first).claims.seq).toBeLessThan(decodedReceiptOf(third).claims.seq)
    const asked = fixture.mock.received.filter(({ method }) => method === 'POST')
    expect(asked).toHaveLength(3)
    for (const { headers: seen } of asked) expect(seen.has('idempotency-key')).toBe(false)
  })
})
