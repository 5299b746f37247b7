/** Channels of `countersign/node` against a running gateway, straight and with someone in between. */
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NotVerifiedError } from '../../src/client/index.ts'
import {
  createAttestedFetch,
  createTlsChannel,
  receiptOf,
  type TlsChannelOptions,
} from '../../src/client-node/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'
import {
  type Credentials,
  createCredentials,
  type Middlebox,
  type MiddleboxOptions,
  startMiddlebox,
} from './middleboxes.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const SECRET_PROMPT = 'the prompt that nobody shall read'
const SECRET_KEY = 'sk-nobody-shall-read'
const BINDINGS = ['tls-spki', 'tls-exporter'] as const

let upstream: MockUpstream
let gateway: TestGateway
let stranger: Credentials
let middlebox: Middlebox | undefined

beforeAll(async () => {
  upstream = await startMockUpstream((request) =>
    new TextDecoder().decode(request.body).includes('"stream":true') ? sse(CHAT_STREAM, [7]) : json(ANSWER),
  )
  gateway = await startTestGateway({ upstream: upstream.origin, tls: 'self-signed' })
  stranger = await createCredentials()
})
afterEach(async () => {
  await middlebox?.close()
  middlebox = undefined
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

function createFetch(
  binding: TlsChannelOptions['binding'],
  options: { readonly policy?: Partial<Policy>; readonly maxConnections?: number } = {},
): typeof fetch {
  const { policy: base, lock } = gateway.trust
  const { policy = {}, maxConnections } = options
  const live = { ...base.live, channel: [binding] }
  return createAttestedFetch({
    policy: { ...base, live, ...policy },
    ...(lock === undefined ? {} : { lock }),
    channel: createTlsChannel({ binding, ...(maxConnections === undefined ? {} : { maxConnections }) }),
  })
}

function clientOf(attested: typeof fetch, base: string = gateway.base): OpenAI {
  return new OpenAI({ baseURL: base, apiKey: SECRET_KEY, fetch: attested, maxRetries: 0 })
}

const messages = [{ role: 'user' as const, content: SECRET_PROMPT }]

/** One whole answer; what the check `channel` of its verdict says. */
async function ask(attested: typeof fetch, base: string = gateway.base): Promise<string> {
  const response = await clientOf(attested, base).chat.completions.create({ model: 'mock', messages }).asResponse()
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'yes' } }] })
  const { checks } = await receiptOf(response)
  const check = checks.find(({ name }) => name === 'channel')
  return `${check?.status} ${check?.detail.split(' ')[0]}`
}

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

async function between(options: Omit<MiddleboxOptions, 'upstream'>, tls = true): Promise<string> {
  const port = Number(new URL(gateway.base).port)
  middlebox = await startMiddlebox({ upstream: { port, tls }, ...options })
  return `${middlebox.origin}/v1`
}

function expectNothingHeard(): void {
  expect(middlebox?.heard).not.toContain(SECRET_PROMPT)
  expect(middlebox?.heard).not.toContain(SECRET_KEY)
  expect(middlebox?.heard).not.toContain('/chat/completions')
}

describe.each(BINDINGS)('a channel bound by %s', (binding) => {
  it('carries whole answers, and their verdicts name it', async () => {
    expect(await ask(createFetch(binding))).toBe(`pass ${binding}:`)
  })

  it('carries streams', async () => {
    const stream = await clientOf(createFetch(binding)).chat.completions.create({
      model: 'mock',
      messages,
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Grüß dich 👋')
  })

  it('carries many requests at once over few connections', async () => {
    const base = await between({ take: () => 'pass' })
    const attested = createFetch(binding, { maxConnections: 2 })
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => ask(attested, base)))
    expect(new Set(verdicts)).toEqual(new Set([`pass ${binding}:`]))
    // One for the challenge of the gateway, which is closed, and two to work with.
    expect(middlebox?.taken.length).toBe(3)
  })

  it('goes on after the session has changed', async () => {
    const attested = createFetch(binding)
    expect(await ask(attested)).toBe(`pass ${binding}:`)
    await gateway.gateway.changeEpoch()
    expect(await ask(attested)).toBe(`pass ${binding}:`)
  })

  it('goes on over a new connection when one was closed', async () => {
    const base = await between({ take: () => 'pass' })
    const attested = createFetch(binding)
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    const before = middlebox?.taken.length
    middlebox?.cut()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await refusalOrVerdict(ask(attested, base))).toBe(`pass ${binding}:`)
    expect(middlebox?.taken.length).toBe((before ?? 0) + 1)
  })

  it('[C3] refuses another certificate key on the first connection, and writes nothing to it', async () => {
    const base = await between({ take: () => stranger })
    expect(await refusal(ask(createFetch(binding), base))).toBe(
      binding === 'tls-spki' ? 'CHANNEL_KEY_MISMATCH channel' : 'CHANNEL_EXPORTER_MISMATCH nonce',
    )
    expectNothingHeard()
  })

  it('[C3] [W20] refuses another certificate key on a later connection of the pool', async () => {
    let isHonest = true
    const base = await between({ take: () => (isHonest ? 'pass' : stranger) })
    const attested = createFetch(binding, { maxConnections: 2 })
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    isHonest = false
    // The first of the two has the honest connection, which is kept alive; the second gets one of its own.
    const outcomes = await Promise.all([ask(attested, base), ask(attested, base)].map(refusalOrVerdict))
    expect(outcomes).toEqual([
      `pass ${binding}:`,
      binding === 'tls-spki' ? 'CHANNEL_KEY_MISMATCH channel' : 'CHANNEL_EXPORTER_MISMATCH nonce',
    ])
    expectNothingHeard()
  })

  it('[C3] refuses whoever takes over when a connection is cut', async () => {
    let isHonest = true
    const base = await between({ take: () => (isHonest ? 'pass' : stranger) })
    const attested = createFetch(binding)
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    isHonest = false
    middlebox?.cut()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await refusalOrVerdict(ask(attested, base))).toMatch(/^CHANNEL_(KEY|EXPORTER)_MISMATCH/)
    expectNothingHeard()
  })

  it('[C5] refuses TLS 1.2', async () => {
    const base = await between({ take: () => ({ ...stranger, maxVersion: 'TLSv1.2' }) })
    expect(await refusal(ask(createFetch(binding), base))).toBe('TLS_VERSION channel')
    expectNothingHeard()
  })

  it('[C5] refuses an address without TLS', async () => {
    const base = gateway.base.replace('https:', 'http:')
    expect(await refusal(ask(createFetch(binding), base))).toBe('CHANNEL_BINDING_LEVEL channel')
  })

  it('[C5] refuses a policy that asks for another channel', async () => {
    const { policy } = gateway.trust
    const attested = createFetch(binding, { policy: { live: { ...policy.live, channel: ['ohttp'] } } })
    expect(await refusal(ask(attested))).toBe('CHANNEL_BINDING_LEVEL channel')
  })
})

/** The verdict's word, or what was refused. */
async function refusalOrVerdict(run: Promise<string>): Promise<string> {
  try {
    return await run
  } catch (error) {
    return refusal(Promise.reject(error))
  }
}
