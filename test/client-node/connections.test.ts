/** Connections one by one: what each must show, how they are shared, and what goes over them. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { PassThrough } from 'node:stream'
import { connect, TLSSocket } from 'node:tls'
import { fetch as undiciFetch } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createClientDeps } from '../../src/client/deps.ts'
import { createPinnedDispatcher, createTlsChannel } from '../../src/client-node/index.ts'
import { readPeer } from '../../src/client-node/tls/peer.ts'
import type { Attestation } from '../../src/core/evidence/attestation.ts'
import type { Verified } from '../../src/core/verdict.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { createCredentials, createKey, type Middlebox, startMiddlebox } from './middleboxes.ts'
import { outcomeOf } from './scene.ts'

type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

let gateway: TestGateway
let middlebox: Middlebox | undefined
const cleanups: (() => void)[] = []

beforeAll(async () => {
  gateway = await startTestGateway({ tls: 'self-signed' })
  await gateway.gateway.ready()
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup()
  await middlebox?.close()
  middlebox = undefined
})
afterAll(() => gateway.close())

function attested(): Verified<Attestation> {
  const attestation = gateway.gateway.evidence()?.attestation
  if (attestation === undefined) throw new Error('no evidence')
  return attestation
}

/** Any HTTPS server, with resumption as Node has it by default. */
async function serve(
  answer: Serve,
  ownKey = createKey(),
): Promise<{ readonly port: number; readonly resumed: readonly boolean[] }> {
  const { key, cert } = await createCredentials(ownKey)
  const resumed: boolean[] = []
  const server = createServer({ key, cert }, answer)
  server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, resumed }
}

describe('what a connection shows', () => {
  it('[C3] is refused where the session was resumed: no certificate, no key', async () => {
    const { port } = await serve((_, outgoing) => outgoing.end())
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
    const first = connect(options)
    const [session] = await once(first, 'session')
    expect(readPeer(first).spkiSha256).toMatch(/^[0-9a-f]{64}$/)
    first.destroy()
    const second = connect({ ...options, session })
    await once(second, 'secureConnect')
    expect(second.isSessionReused()).toBe(true)
    expect(() => readPeer(second)).toThrow(expect.objectContaining({ failure: 'CHANNEL_KEY_MISMATCH' }))
    second.destroy()
  })

  it('[C3] is asked for anew each time: no session is kept for resumption', async () => {
    const { port, resumed } = await serve((_, outgoing) => outgoing.writeHead(404).end())
    const { fetch } = createTlsChannel({ binding: 'tls-spki' })
    for (let i = 0; i < 3; i++) {
      const response = await fetch?.(`https://127.0.0.1:${port}/v1/attestation`)
      await response?.arrayBuffer()
    }
    expect(resumed).toEqual([false, false, false])
  })

  it('[C5] is refused where it is no TLS', () => {
    expect(() => readPeer(new PassThrough())).toThrow(expect.objectContaining({ failure: 'CHANNEL_BINDING_LEVEL' }))
    const silent = new TLSSocket(new PassThrough())
    expect(() => readPeer(silent)).toThrow(expect.objectContaining({ name: 'NotVerifiedError' }))
  })
})

describe('before anything has verified', () => {
  const { fetch } = createTlsChannel({ binding: 'tls-spki' })

  it.each([
    ['another path', 'https://127.0.0.1:1/v1/chat/completions', {}],
    ['a body', 'https://127.0.0.1:1/v1/attestation', { method: 'POST', body: 'x' }],
    ['a key', 'https://127.0.0.1:1/v1/attestation', { headers: { authorization: 'Bearer x' } }],
  ])('nothing but the challenge is sent: not %s', async (_, url, init) => {
    await expect(fetch?.(url, init)).rejects.toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })

  it('a gateway that cannot be reached is a failure of the network', async () => {
    await expect(fetch?.('https://127.0.0.1:1/v1/attestation')).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_NETWORK' }),
    )
  })
})

describe('a channel', () => {
  async function open(
    maxConnections: number,
  ): Promise<Awaited<ReturnType<ReturnType<typeof createTlsChannel>['open']>>> {
    middlebox = await startMiddlebox({
      upstream: { port: Number(new URL(gateway.base).port), tls: true },
      take: () => 'pass',
    })
    const channel = await createTlsChannel({ binding: 'tls-spki', maxConnections }).open({
      base: `${middlebox.origin}/v1`,
      attestation: attested(),
      deps: createClientDeps(),
      attest: () => Promise.reject(new Error('not asked for')),
    })
    cleanups.push(() => channel.close())
    return channel
  }
  const stream = (origin: string | undefined): string => `${origin}/v1/chat/completions`
  const body = JSON.stringify({
    model: 'countersign-demo-2m',
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
    max_tokens: 64,
  })
  const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body }

  it('[C8] sends nothing to another host than the one that verified', async () => {
    const channel = await open(1)
    const elsewhere = channel.fetch(`${gateway.base}/models`, {})
    expect(await outcomeOf(elsewhere)).toBe('CHANNEL_CHANGED channel')
    expect(middlebox?.taken).toEqual([])
  })

  it('makes requests wait for a free connection, and lets them give up', async () => {
    const channel = await open(1)
    const first = await channel.fetch(stream(middlebox?.origin), asked)
    const leaving = new AbortController()
    const given = channel.fetch(`${middlebox?.origin}/livez`, { signal: leaving.signal })
    const waiting = channel.fetch(`${middlebox?.origin}/livez`, {})
    leaving.abort(new Error('no longer wanted'))
    await expect(given).rejects.toThrow('no longer wanted')
    await first.response.text()
    expect((await waiting).response.status).toBe(200)
    expect(middlebox?.taken.length).toBe(1)
  })

  it('lets what is under way end when it is closed', async () => {
    const channel = await open(1)
    const { response } = await channel.fetch(stream(middlebox?.origin), asked)
    const waiting = channel.fetch(`${middlebox?.origin}/livez`, {})
    channel.close()
    expect(await response.text()).toContain('data: [DONE]')
    expect((await waiting).response.status).toBe(200)
  })

  it('breaks an answer off by its signal, and frees the place of its connection', async () => {
    const channel = await open(1)
    const leaving = new AbortController()
    const { response } = await channel.fetch(stream(middlebox?.origin), { ...asked, signal: leaving.signal })
    leaving.abort(new Error('enough'))
    await expect(response.text()).rejects.toThrow('enough')
    const next = await channel.fetch(`${middlebox?.origin}/livez`, {})
    expect(next.response.status).toBe(200)
    expect(middlebox?.taken.length).toBe(2)
  })

  it('frees the place of a connection whose answer was cancelled', async () => {
    const channel = await open(1)
    const { response } = await channel.fetch(stream(middlebox?.origin), asked)
    await response.body?.cancel()
    expect((await channel.fetch(`${middlebox?.origin}/livez`, {})).response.status).toBe(200)
  })

  it.each([
    ['a method that no gateway knows', { method: 'BREW' }],
    ['a body that is none of octets', { method: 'POST', body: new URLSearchParams('a=b') }],
    ['a header that belongs to the connection', { headers: { 'transfer-encoding': 'chunked' } }],
  ])('frees the place of a request that cannot be sent: %s', async (_, init) => {
    const channel = await open(1)
    const url = `${middlebox?.origin}/livez`
    await expect(channel.fetch(url, init)).rejects.toThrow()
    const next = await channel.fetch(url, { signal: AbortSignal.timeout(30_000) })
    expect(next.response.status).toBe(200)
  })

  it('uses one connection for one request after another', async () => {
    const channel = await open(8)
    for (let i = 0; i < 4; i++) {
      const { response, held } = await channel.fetch(`${middlebox?.origin}/livez`, {})
      await response.text()
      expect(held.observed).toEqual({
        binding: 'tls-spki',
        tlsVersion: 'TLSv1.3',
        spkiSha256: attested().session.keys.tls_spki_sha256[0],
      })
    }
    expect(middlebox?.taken.length).toBe(1)
  })
})

describe('a slow reader', () => {
  it('slows the connection down', async () => {
    const SIZE = 64 * 1024 * 1024
    let written = 0
    const { port } = await serve((_, outgoing) => {
      const more = (): void => {
        while (written < SIZE) {
          written += 65_536
          if (!outgoing.write(Buffer.alloc(65_536))) {
            outgoing.once('drain', more)
            return
          }
        }
        outgoing.end()
      }
      more()
    })
    const { fetch } = createTlsChannel({ binding: 'tls-spki' })
    const response = await fetch?.(`https://127.0.0.1:${port}/v1/attestation`)
    const reader = response?.body?.getReader()
    await reader?.read()
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = before === written
          before = written
          return isStill
        },
        { interval: 200 },
      )
      .toBe(true)
    expect(written).toBeLessThan(SIZE / 2)
    await reader?.cancel()
  })
})

describe('a dispatcher for undici', () => {
  it('[C3] [W20] compares the key of every connection', async () => {
    const stranger = await createCredentials()
    let isHonest = true
    middlebox = await startMiddlebox({
      upstream: { port: Number(new URL(gateway.base).port), tls: true },
      take: () => (isHonest ? 'pass' : stranger),
    })
    const dispatcher = createPinnedDispatcher(attested().session)
    const ask = async (): Promise<number> => (await undiciFetch(`${middlebox?.origin}/livez`, { dispatcher })).status
    expect(await outcomeOf(ask())).toBe(200)
    isHonest = false
    middlebox.cut()
    expect(await outcomeOf(ask())).toBe('CHANNEL_KEY_MISMATCH channel')
    expect(middlebox.heard).toBe('')
    await dispatcher.destroy()
  })

  it('[C3] resumes no session, where a server offers it', async () => {
    const key = createKey()
    const { port, resumed } = await serve((_, outgoing) => outgoing.writeHead(200, { connection: 'close' }).end(), key)
    const spki = key.publicKey.export({ format: 'der', type: 'spki' })
    const { session } = attested()
    const tls_spki_sha256 = [createHash('sha256').update(spki).digest('hex')]
    const dispatcher = createPinnedDispatcher({ ...session, keys: { ...session.keys, tls_spki_sha256 } })
    for (let i = 0; i < 3; i++) {
      const response = await undiciFetch(`https://127.0.0.1:${port}/`, { dispatcher })
      await response.arrayBuffer()
    }
    expect(resumed).toEqual([false, false, false])
    await dispatcher.destroy()
  })

  it('[C5] opens no connection without TLS', async () => {
    const dispatcher = createPinnedDispatcher(attested().session)
    const plain = undiciFetch(gateway.base.replace('https:', 'http:'), { dispatcher })
    expect(await outcomeOf(plain)).toBe('CHANNEL_BINDING_LEVEL channel')
    await dispatcher.destroy()
  })
})

it.each([
  { binding: 'tls-spki', maxConnections: 0 },
  { binding: 'tls-spki', maxConnections: 1.5 },
] as const)('refuses options that bind nothing: %o', (options) => {
  expect(() => createTlsChannel(options)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
})
