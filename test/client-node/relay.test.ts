/** A relay that holds the gateway's own TLS key: what the key alone cannot show, the exporter value does. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { EXPORTER_LABEL } from '../../src/core/evidence/exporter.ts'
import type { ChannelKeys } from '../../src/server/session/channel-keys.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import type { MockUpstream } from '../server/upstream/mock-upstream.ts'
import {
  type Credentials,
  createCredentials,
  type Middlebox,
  type MiddleboxOptions,
  startMiddlebox,
} from './middleboxes.ts'
import { ask, BINDINGS, createFetch, expectNothingHeard, outcomeAfterCut, outcomeOf, startModel } from './scene.ts'

const stolen: ChannelKeys['tls'][] = []
vi.mock('../../src/server/session/channel-keys.ts', async (load) => {
  const original = await load<typeof import('../../src/server/session/channel-keys.ts')>()
  return {
    ...original,
    createChannelKeys: async (...given: Parameters<typeof original.createChannelKeys>) => {
      const keys = await original.createChannelKeys(...given)
      stolen.push(keys.tls)
      return keys
    },
  }
})

let upstream: MockUpstream
let gateway: TestGateway
let twin: Credentials
let relay: Middlebox | undefined

beforeAll(async () => {
  upstream = await startModel()
  gateway = await startTestGateway({ upstream: upstream.origin, tls: 'self-signed' })
  const [key] = stolen
  if (key === undefined || key === 'none') throw new Error('the gateway has no TLS key')
  twin = await createCredentials(key)
})
afterEach(async () => {
  await relay?.close()
  relay = undefined
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function startRelay(options: Partial<MiddleboxOptions> = {}): Promise<string> {
  const port = Number(new URL(gateway.base).port)
  relay = await startMiddlebox({ upstream: { port, tls: true }, take: () => twin, ...options })
  return `${relay.origin}/v1`
}

it('[C4] the relay shows the key that the gateway shows', async () => {
  const base = new URL(await startRelay())
  const shown = async (port: number): Promise<string | undefined> => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const key = new X509Certificate(socket.getPeerCertificate().raw).publicKey
    socket.destroy()
    return key.export({ format: 'der', type: 'spki' }).toString('hex')
  }
  expect(await shown(Number(base.port))).toBe(await shown(Number(new URL(gateway.base).port)))
})

it('[C4] a relay with the key of the certificate passes where the key alone is compared', async () => {
  const base = await startRelay()
  expect(await ask(createFetch(gateway.trust, 'tls-spki'), base)).toBe('pass tls-spki:')
})

it('[C4] a relay between two TLS sessions of one key is refused by the exporter value', async () => {
  const base = await startRelay()
  const outcome = await outcomeOf(ask(createFetch(gateway.trust, 'tls-exporter'), base))
  expect(outcome).toBe('CHANNEL_EXPORTER_MISMATCH nonce')
  expect(relay?.heard).toContain('binding=tls-exporter')
  expectNothingHeard(relay)
})

it('[C4] [W20] a relay that takes over when a verified connection is cut is refused: the next one is challenged anew', async () => {
  let isHonest = true
  const base = await startRelay({ take: () => (isHonest ? 'pass' : twin) })
  const attested = createFetch(gateway.trust, 'tls-exporter')
  expect(await ask(attested, base)).toBe('pass tls-exporter:')
  isHonest = false
  relay?.cut()
  expect(await outcomeAfterCut(() => ask(attested, base))).toBe('CHANNEL_EXPORTER_MISMATCH nonce')
  expectNothingHeard(relay)
})

it('[C4] a relay gains nothing by an ordinary challenge of nonce and exporter value', async () => {
  let asked = ''
  const base = await startRelay({
    alter: (text, client) =>
      text.replace(/nonce=([A-Za-z0-9_-]+)([^ ]*)&binding=tls-exporter/, (_, nonce: string, rest: string) => {
        const exporter = client.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.alloc(0))
        asked = encodeBase64Url(new Uint8Array(Buffer.concat([Buffer.from(nonce, 'base64url'), exporter])))
        return `nonce=${asked}${rest}`
      }),
  })
  const outcome = await outcomeOf(ask(createFetch(gateway.trust, 'tls-exporter'), base))
  // 64 octets: the gateway takes it for a nonce, and its leaf is another one.
  expect(Buffer.from(asked, 'base64url').length).toBe(64)
  expect(outcome).toBe('CHANNEL_EXPORTER_MISMATCH nonce')
  expectNothingHeard(relay)
})

it('[C4] a relay that leaves the binding out is refused', async () => {
  const base = await startRelay({ alter: (text) => text.replace('&binding=tls-exporter', '') })
  const outcome = await outcomeOf(ask(createFetch(gateway.trust, 'tls-exporter'), base))
  expect(outcome).toBe('CHANNEL_EXPORTER_MISMATCH nonce')
  expectNothingHeard(relay)
})

it('[C4] [C5] a relay that reaches the gateway by another way is told that nothing can be bound', async () => {
  const refused =
    '{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"channel_binding_unavailable"}}'
  const base = await startRelay({
    answer: (text) =>
      text.includes('binding=tls-exporter')
        ? `HTTP/1.1 400 Bad Request\r\ncontent-length: ${refused.length}\r\n\r\n${refused}`
        : undefined,
  })
  const outcome = await outcomeOf(ask(createFetch(gateway.trust, 'tls-exporter'), base))
  expect(outcome).toBe('CHANNEL_BINDING_LEVEL channel')
  expectNothingHeard(relay)
})

it.each(BINDINGS)('[C8] a redirect between attestation and request is not followed over %s', async (binding) => {
  const elsewhere = await startMiddlebox({
    upstream: { port: Number(new URL(gateway.base).port), tls: true },
    take: () => twin,
  })
  const redirect = `HTTP/1.1 307 Temporary Redirect\r\nlocation: ${elsewhere.origin}/v1/chat/completions\r\ncontent-length: 0\r\n\r\n`
  try {
    // Octets pass unread until the request itself would be answered: the key that was verified is here, too.
    const base = await startRelay({ answer: (text) => (text.startsWith('POST') ? redirect : undefined) })
    const outcome = await outcomeOf(ask(createFetch(gateway.trust, binding), base))
    expect(outcome).toBe(binding === 'tls-spki' ? 'CHANNEL_CHANGED channel' : 'CHANNEL_EXPORTER_MISMATCH nonce')
    expect(elsewhere.taken).toEqual([])
  } finally {
    await elsewhere.close()
  }
})
