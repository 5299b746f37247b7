/** The attested fetch against a running gateway, straight and with a host in between that alters what passes. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AttestedReceipt, createAttestedFetch, NotVerifiedError, receiptOf } from '../../src/client/index.ts'
import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { CountersignError } from '../../src/errors.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const messages = [{ role: 'user' as const, content: 'May I?' }]

type Meddler = (response: Response, url: string) => Response | Promise<Response>

describe('attested fetch', () => {
  let gateway: TestGateway
  let upstream: MockUpstream

  beforeAll(async () => {
    upstream = await startMockUpstream((request) =>
      new TextDecoder().decode(request.body).includes('"stream":true') ? sse(CHAT_STREAM, [7]) : json(ANSWER),
    )
    gateway = await startTestGateway({ upstream: upstream.origin })
  })

  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  function createFetch({
    meddle = (response) => response,
    policy = {},
    onReceipt,
  }: {
    meddle?: Meddler
    policy?: Partial<Policy>
    onReceipt?: (receipt: AttestedReceipt) => void
  } = {}): typeof fetch {
    const { policy: base, lock } = gateway.trust
    return createAttestedFetch({
      policy: { ...base, ...policy },
      ...(lock === undefined ? {} : { lock }),
      ...(onReceipt === undefined ? {} : { onReceipt }),
      deps: { fetch: async (input, init) => meddle(await fetch(input, init), String(input)) },
    })
  }

  const client = (attested: typeof fetch): OpenAI =>
    new OpenAI({ baseURL: gateway.base, apiKey: 'none', fetch: attested, maxRetries: 0 })

  /** What a refused answer names: the failure code and the check. */
  async function refusal(run: Promise<unknown>): Promise<string> {
    try {
      await run
    } catch (error) {
      let cause: unknown = error
      while (cause instanceof Error && !(cause instanceof NotVerifiedError)) cause = cause.cause
      if (cause instanceof NotVerifiedError) return `${cause.failure} ${cause.failed?.name}`
      throw error
    }
    return 'accepted'
  }

  const alterJson =
    (change: (text: string) => string): Meddler =>
    async (response, url) => {
      if (!url.endsWith('/chat/completions')) return response
      return new Response(change(await response.text()), response)
    }

  const alterHeader =
    (name: string, change: (value: string) => string | undefined): Meddler =>
    (response, url) => {
      if (!url.endsWith('/chat/completions')) return response
      const headers = new Headers(response.headers)
      const value = change(headers.get(name) ?? '')
      if (value === undefined) headers.delete(name)
      else headers.set(name, value)
      return new Response(response.body, { status: response.status, headers })
    }

  it('gives a verified answer and its receipt through the OpenAI SDK', async () => {
    const seen: AttestedReceipt[] = []
    const { data, response } = await client(createFetch({ onReceipt: (receipt) => seen.push(receipt) }))
      .chat.completions.create({ model: 'mock', messages })
      .withResponse()
    expect(data.choices[0]?.message.content).toBe('yes')
    const receipt = await receiptOf(response)
    expect(seen).toEqual([receipt])
    expect(receipt).toMatchObject({
      grade: 'signed',
      simulated: true,
      claims: { outcome: 'complete', upstream: { kind: 'local' } },
    })
  })

  it('upgrades a receipt to quoted, with everything an auditor needs', async () => {
    const { response } = await client(createFetch()).chat.completions.create({ model: 'mock', messages }).withResponse()
    const receipt = await receiptOf(response)
    const quoted = await receipt.upgrade('quoted')
    expect(quoted.grade).toBe('quoted')
    expect(quoted.checks.find(({ name }) => name === 'log.checkpoint-quoted')?.status).toBe('pass')
    expect(decodeArchive(quoted.archive ?? new Uint8Array(0)).receipt?.split('~')[0]).toBe(receipt.token.split('~')[0])
  })

  it('verifies a stream before its end is passed on', async () => {
    const seen: AttestedReceipt[] = []
    const attested = createFetch({ onReceipt: (receipt) => seen.push(receipt) })
    const stream = await client(attested).chat.completions.create({ model: 'mock', messages, stream: true })
    let text = ''
    let receiptsAtLastDelta = -1
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.finish_reason) receiptsAtLastDelta = seen.length
    }
    expect(text).toBe('Grüß dich 👋')
    expect(receiptsAtLastDelta).toBe(0)
    expect(seen).toHaveLength(1)
  })

  it('replays the change when the upstream knows the model by another name', async () => {
    const { response } = await client(createFetch())
      .chat.completions.create({ model: 'alias', messages })
      .withResponse()
    const receipt = await receiptOf(response)
    expect(receipt.checks.find(({ name }) => name === 'transforms')).toMatchObject({
      status: 'pass',
      detail: '1 replayed: model',
    })
    expect(new TextDecoder().decode(upstream.received.at(-1)?.body)).toContain('"upstream-name"')
  })

  it('lets errors of the gateway through, verified', async () => {
    await expect(client(createFetch()).chat.completions.create({ model: 'unknown', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })

  it('lists models without a receipt', async () => {
    const models = await client(createFetch()).models.list()
    expect(models.data.map(({ id }) => id)).toContain('mock')
  })

  it.each<readonly [string, Meddler, string]>([
    [
      'an answer altered by one letter',
      alterJson((text) => text.replace('yes', 'yet')),
      'RESPONSE_DIGEST_MISMATCH response-digest',
    ],
    ['an answer cut short', alterJson((text) => text.slice(0, -1)), 'RESPONSE_INCOMPLETE response-digest'],
    ['an answer without a receipt', alterHeader('inference-receipt', () => undefined), 'RECEIPT_MISSING receipt'],
    ['a receipt that is not one', alterHeader('inference-receipt', () => 'x.y.z~'), 'BASE64_STRICT receipt-format'],
    [
      'a receipt of another exchange by its id',
      alterHeader('inference-receipt-id', () => 'AAAAAAAAAAAAAAAAAAAAAA'),
      'RECEIPT_CONTEXT receipt-id',
    ],
  ])('refuses %s', async (_title, meddle, expected) => {
    expect(await refusal(client(createFetch({ meddle })).chat.completions.create({ model: 'mock', messages }))).toBe(
      expected,
    )
  })

  it('[C1] refuses the same answer twice', async () => {
    let first: Response | undefined
    const meddle: Meddler = async (response, url) => {
      if (!url.endsWith('/chat/completions')) return response
      first ??= response.clone()
      return first.clone()
    }
    const attested = createFetch({ meddle })
    await client(attested).chat.completions.create({ model: 'mock', messages })
    expect(await refusal(client(attested).chat.completions.create({ model: 'mock', messages }))).toBe(
      'RECEIPT_CONTEXT nonce',
    )
  })

  it('refuses a request altered on its way', async () => {
    const { policy, lock } = gateway.trust
    const attested = createAttestedFetch({
      policy,
      ...(lock === undefined ? {} : { lock }),
      deps: {
        fetch: (input, init) =>
          fetch(
            input,
            init?.body
              ? {
                  ...init,
                  body: new TextDecoder()
                    .decode(init.body instanceof Uint8Array ? init.body : new Uint8Array(0))
                    .replace('May I?', 'May he?'),
                }
              : init,
          ),
      },
    })
    expect(await refusal(client(attested).chat.completions.create({ model: 'mock', messages }))).toBe(
      'REQUEST_DIGEST_MISMATCH request-digest',
    )
  })

  it.each<readonly [string, (text: string) => string, string]>([
    [
      'a stream with one letter changed',
      (text) => text.replace('dich', 'mich'),
      'RESPONSE_DIGEST_MISMATCH response-digest',
    ],
    [
      'a stream that misses an event',
      (text) => text.replace(/data: [^\n]*dich[^\n]*\n\n/, ''),
      'RESPONSE_INCOMPLETE response-digest',
    ],
    [
      'a stream whose receipt was stripped',
      (text) => text.replace(/: receipt [^\n]*\n\n/, ''),
      'RECEIPT_MISSING receipt',
    ],
    [
      'a stream that ends after its last delta',
      (text) => text.slice(0, text.indexOf('data: [DONE]')),
      'RECEIPT_MISSING receipt',
    ],
  ])('errors %s before its end', async (_title, change, expected) => {
    const run = async (): Promise<void> => {
      const stream = await client(createFetch({ meddle: alterJson(change) })).chat.completions.create({
        model: 'mock',
        messages,
        stream: true,
      })
      for await (const chunk of stream) void chunk
    }
    expect(await refusal(run())).toBe(expected)
  })

  it('sends nothing of the prompt to a gateway that does not verify', async () => {
    const before = upstream.received.length
    const untrusted = createFetch({ policy: { dangerouslyTrustSimulatedRoots: [] } })
    expect(await refusal(client(untrusted).chat.completions.create({ model: 'mock', messages }))).toBe(
      'SIMULATED_EVIDENCE snp.chain',
    )
    expect(upstream.received.length).toBe(before)
  })

  it('refuses evidence whose statement was altered', async () => {
    const meddle: Meddler = async (response, url) => {
      if (!url.includes('/attestation')) return response
      if (response.status !== 200) return response
      const archive = decodeArchive(new Uint8Array(await response.arrayBuffer()))
      const statement = new TextEncoder().encode(
        new TextDecoder()
          .decode(archive.statement)
          .replace('"open":0', '"open":1')
          .replace(/"intents":(\d+)/, (_, n) => `"intents":${Number(n) + 1}`),
      )
      return new Response(encodeArchive({ ...archive, statement }).slice(), response)
    }
    expect(await refusal(client(createFetch({ meddle })).chat.completions.create({ model: 'mock', messages }))).toBe(
      'REPORT_DATA_MISMATCH snp.report-data',
    )
  })

  it('refuses a policy that locks measurements without a lock file, at once', () => {
    expect(() => createAttestedFetch({ policy: gateway.trust.policy })).toThrow(CountersignError)
  })

  it('refuses a body whose octets it cannot see, and an address that is no gateway', async () => {
    await expect(
      createFetch()(`${gateway.base}/chat/completions`, { method: 'POST', body: new FormData() }),
    ).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(createFetch()('http://127.0.0.1/chat', { method: 'POST', body: '{}' })).rejects.toMatchObject({
      code: 'ERR_USAGE',
    })
    expect(() => receiptOf(new Response())).toThrow(CountersignError)
  })
})
