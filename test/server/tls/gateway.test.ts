/** A gateway that ends TLS itself: what it shows and refuses, and that its limits hold there as well. */
import { createHash, type X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { PassThrough } from 'node:stream'
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { exporterOf } from '../../../src/server/tls/exporter.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'

let gateway: TestGateway
let port: number

beforeAll(async () => {
  gateway = await startTestGateway({ tls: 'self-signed' })
  port = Number(new URL(gateway.base).port)
  await gateway.gateway.ready()
})
afterAll(() => gateway.close())

async function open(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** Sends octets, and reads until the gateway closes. */
async function say(text: string): Promise<string> {
  const socket = await open()
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

function get(path: string, ...headers: readonly string[]): Promise<string> {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: gw.example.com', 'Connection: close', ...headers]
  return say(`${lines.join('\r\n')}\r\n\r\n`)
}

/** SHA-256 of the key that a certificate shows; `none` where there is no certificate. Node gives a socket's certificate once. */
function keyOf(certificate: X509Certificate | undefined): string {
  const spki = certificate?.publicKey.export({ format: 'der', type: 'spki' })
  return spki === undefined ? 'none' : createHash('sha256').update(spki).digest('hex')
}

const namedKeys = () => gateway.gateway.evidence()?.attestation.session.keys.tls_spki_sha256

const NONCE = encodeBase64Url(new Uint8Array(32).fill(7))

describe('a connection', () => {
  it('shows a certificate over the key that the session names, self-signed for the host', async () => {
    const socket = await open()
    const certificate = socket.getPeerX509Certificate()
    expect([keyOf(certificate)]).toEqual(namedKeys())
    expect(certificate?.subjectAltName).toBe('DNS:gw.example.com')
    expect(socket.getProtocol()).toBe('TLSv1.3')
    socket.destroy()
  })

  it('[C5] is refused below TLS 1.3', async () => {
    await expect(open({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/i)
  })

  it('[C3] is never resumed, so that each shows its key', async () => {
    const first = await open()
    const sessions: Buffer[] = []
    first.on('session', (session) => sessions.push(session))
    first.end('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    first.resume()
    await once(first, 'close')
    for (const session of [sessions[0], sessions.at(-1)]) {
      const again = await open(session === undefined ? {} : { session })
      expect(again.isSessionReused()).toBe(false)
      expect([keyOf(again.getPeerX509Certificate())]).toEqual(namedKeys())
      again.destroy()
    }
    expect(sessions.length).toBeGreaterThan(0)
  })

  it('that speaks HTTP without TLS is closed without an answer', async () => {
    const socket = connectTcp(port, '127.0.0.1')
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
    let answer = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    await once(socket, 'close')
    expect(answer).not.toContain('HTTP/')
    expect(await get('/livez')).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('requests over TLS', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', '400', 'bad_request'],
    ['two hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400', 'bad_request'],
    [
      'too many headers',
      `GET /livez HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 100 }, (_, i) => `x-${i}: 1\r\n`).join('')}\r\n`,
      '431',
      'headers_too_large',
    ],
    [
      'headers too large',
      `GET /livez HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`,
      '431',
      'headers_too_large',
    ],
    ['an absolute target', 'GET http://b/livez HTTP/1.1\r\nHost: a\r\n\r\n', '400', 'bad_request'],
  ])('are refused as without it: %s', async (_, text, status, code) => {
    const answer = await say(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain(`"code":"${code}"`)
  })

  it('are told to go on before they send a body', async () => {
    const socket = await open()
    socket.write(
      'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
    )
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 Continue/)
    socket.write('{}')
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
  })
})

describe('a challenge that shall be bound to its connection', () => {
  it('is quoted over TLS', async () => {
    expect(await get(`/v1/attestation?nonce=${NONCE}&binding=tls-exporter`)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([
    ['another word', `nonce=${NONCE}&binding=tls-unique`],
    ['an empty word', `nonce=${NONCE}&binding=`],
    ['another word without a nonce', 'binding=tls-server-end-point'],
  ])('[C5] is refused, never answered as a plain one, with %s', async (_, query) => {
    const answer = await get(`/v1/attestation?${query}`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"channel_binding_unavailable"')
    expect(answer).toMatch(/^x-should-retry: false\r$/m)
  })

  it.each([
    ['none', ''],
    ['one of 33 octets', `nonce=${encodeBase64Url(new Uint8Array(33))}&`],
    ['one of 31 octets', `nonce=${encodeBase64Url(new Uint8Array(31))}&`],
  ])('has a nonce of 32 octets, not %s', async (_, nonce) => {
    const answer = await get(`/v1/attestation?${nonce}binding=tls-exporter`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"param":"nonce"')
  })

  it('[C5] is refused by a gateway that speaks no TLS', async () => {
    const plain = await startTestGateway()
    try {
      const response = await fetch(`${plain.base}/attestation?nonce=${NONCE}&binding=tls-exporter`)
      expect(response.status).toBe(400)
      expect(response.headers.get('x-should-retry')).toBe('false')
      expect(await response.json()).toMatchObject({
        error: { type: 'invalid_request_error', code: 'channel_binding_unavailable' },
      })
    } finally {
      await plain.close()
    }
  })

  it('[C4] has no exporter value where the connection is none of TLS', () => {
    expect(exporterOf(new PassThrough())).toBeUndefined()
    expect(exporterOf(new TLSSocket(new PassThrough()))).toBeUndefined()
  })
})

describe('shutting down', () => {
  it('waits for nobody whose handshake never ends', async () => {
    const own = await startTestGateway({ tls: 'self-signed' })
    const silent = connectTcp(Number(new URL(own.base).port), '127.0.0.1')
    silent.on('error', () => {})
    await once(silent, 'connect')
    const gone = once(silent, 'close')
    await own.close()
    await gone
    expect(silent.destroyed).toBe(true)
  }, 4_000)
})
