/** Channels of `countersign/node` against a running gateway, straight and with someone in between. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import type { MockUpstream } from '../server/upstream/mock-upstream.ts'
import {
  type Credentials,
  createCredentials,
  type Middlebox,
  type MiddleboxOptions,
  startMiddlebox,
} from './middleboxes.ts'
import {
  ask,
  BINDINGS,
  createClient,
  createFetch,
  expectNothingHeard,
  messages,
  outcomeAfterCut,
  outcomeOf,
  startModel,
} from './scene.ts'

let upstream: MockUpstream
let gateway: TestGateway
let stranger: Credentials
let middlebox: Middlebox | undefined

beforeAll(async () => {
  upstream = await startModel()
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

async function between(options: Omit<MiddleboxOptions, 'upstream'>, tls = true): Promise<string> {
  const port = Number(new URL(gateway.base).port)
  middlebox = await startMiddlebox({ upstream: { port, tls }, ...options })
  return `${middlebox.origin}/v1`
}

describe.each(BINDINGS)('a channel bound by %s', (binding) => {
  it('carries whole answers, and their verdicts name it', async () => {
    expect(await ask(createFetch(gateway.trust, binding), gateway.base)).toBe(`pass ${binding}:`)
  })

  it('carries streams', async () => {
    const stream = await createClient(createFetch(gateway.trust, binding), gateway.base).chat.completions.create({
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
    const attested = createFetch(gateway.trust, binding, { maxConnections: 2 })
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => ask(attested, base)))
    expect(new Set(verdicts)).toEqual(new Set([`pass ${binding}:`]))
    // One for the challenge of the gateway, which is closed, and two to work with.
    expect(middlebox?.taken.length).toBe(3)
  })

  it('goes on after the session has changed', async () => {
    const attested = createFetch(gateway.trust, binding)
    expect(await ask(attested, gateway.base)).toBe(`pass ${binding}:`)
    await gateway.gateway.changeEpoch()
    expect(await ask(attested, gateway.base)).toBe(`pass ${binding}:`)
  })

  it('goes on over a new connection when one was closed', async () => {
    const base = await between({ take: () => 'pass' })
    const attested = createFetch(gateway.trust, binding)
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    const before = middlebox?.taken.length
    middlebox?.cut()
    expect(await outcomeAfterCut(() => ask(attested, base))).toBe(`pass ${binding}:`)
    expect(middlebox?.taken.length).toBe((before ?? 0) + 1)
  })

  it('[C3] refuses another certificate key on the first connection, and writes nothing to it', async () => {
    const base = await between({ take: () => stranger })
    expect(await outcomeOf(ask(createFetch(gateway.trust, binding), base))).toBe(
      binding === 'tls-spki' ? 'CHANNEL_KEY_MISMATCH channel' : 'CHANNEL_EXPORTER_MISMATCH nonce',
    )
    expectNothingHeard(middlebox)
  })

  it('[C3] [W20] refuses another certificate key on a later connection of the pool', async () => {
    let isHonest = true
    const base = await between({ take: () => (isHonest ? 'pass' : stranger) })
    const attested = createFetch(gateway.trust, binding, { maxConnections: 2 })
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    isHonest = false
    // The first of the two has the honest connection, which is kept alive; the second gets one of its own.
    const outcomes = await Promise.all([ask(attested, base), ask(attested, base)].map(outcomeOf))
    expect(outcomes).toEqual([
      `pass ${binding}:`,
      binding === 'tls-spki' ? 'CHANNEL_KEY_MISMATCH channel' : 'CHANNEL_EXPORTER_MISMATCH nonce',
    ])
    expectNothingHeard(middlebox)
  })

  it('[C3] refuses whoever takes over when a connection is cut', async () => {
    let isHonest = true
    const base = await between({ take: () => (isHonest ? 'pass' : stranger) })
    const attested = createFetch(gateway.trust, binding)
    expect(await ask(attested, base)).toBe(`pass ${binding}:`)
    isHonest = false
    middlebox?.cut()
    expect(await outcomeAfterCut(() => ask(attested, base))).toMatch(/^CHANNEL_(KEY|EXPORTER)_MISMATCH/)
    expectNothingHeard(middlebox)
  })

  it('[C5] refuses TLS 1.2', async () => {
    const base = await between({ take: () => ({ ...stranger, maxVersion: 'TLSv1.2' }) })
    expect(await outcomeOf(ask(createFetch(gateway.trust, binding), base))).toBe('TLS_VERSION channel')
    expectNothingHeard(middlebox)
  })

  it('[C5] refuses an address without TLS', async () => {
    const base = gateway.base.replace('https:', 'http:')
    expect(await outcomeOf(ask(createFetch(gateway.trust, binding), base))).toBe('CHANNEL_BINDING_LEVEL channel')
  })

  it('[C5] refuses a policy that asks for another channel', async () => {
    const { policy } = gateway.trust
    const asking = { policy: { live: { ...policy.live, channel: ['ohttp'] as const } } }
    const attempt = async (): Promise<string> => ask(createFetch(gateway.trust, binding, asking), gateway.base)
    expect(await outcomeOf(attempt())).toBe('CHANNEL_BINDING_LEVEL channel')
  })

  it('[C5] refuses a gateway that ends no TLS itself, whatever stands before it', async () => {
    const plain = await startTestGateway({ upstream: upstream.origin })
    try {
      const port = Number(new URL(plain.base).port)
      middlebox = await startMiddlebox({ upstream: { port, tls: false }, take: () => stranger })
      const attested = createFetch(plain.trust, binding)
      expect(await outcomeOf(ask(attested, `${middlebox.origin}/v1`))).toBe('CHANNEL_BINDING_LEVEL channel')
      expectNothingHeard(middlebox)
    } finally {
      await plain.close()
    }
  })
})
