/** The TLS listener alone: what it shows, to whom, and what becomes of connections when the key changes. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { createSelfSignedCertificate } from '../../../src/issuing/index.ts'
import { createChannelKeys, type TlsKey } from '../../../src/server/session/channel-keys.ts'
import { TlsListener } from '../../../src/server/tls/listener.ts'
import type { CertificateSource } from '../../../src/server/tls/types.ts'

type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

class FakeSource implements CertificateSource {
  certChainPem: string
  challenged: SecureContext | undefined
  isClosed = false
  changed: () => void = () => {}

  constructor(certChainPem: string) {
    this.certChainPem = certChainPem
  }

  current(): { certChainPem: string } {
    return { certChainPem: this.certChainPem }
  }

  onChange(changed: () => void): void {
    this.changed = changed
  }

  challenge(serverName: string): SecureContext | undefined {
    return serverName === 'gw.example.com' ? this.challenged : undefined
  }

  close(): void {
    this.isClosed = true
  }
}

async function createKey(): Promise<TlsKey> {
  const { tls } = await createChannelKeys({ tls: true })
  if (tls === 'none') throw new Error('no key')
  return tls
}

async function certify(key: TlsKey, host: string): Promise<string> {
  const terms = { host, notBefore: new Date(0), notAfter: new Date('2100-01-01T00:00:00Z') }
  return encodePem(await createSelfSignedCertificate(key, terms), 'CERTIFICATE')
}

let listener: TlsListener
let sources: FakeSource[]
let port: number
afterEach(() => {
  listener.close()
  listener.server.close()
})

/** Serves under a first key. */
async function start(serve: Serve = (_, outgoing) => outgoing.end('yes')): Promise<TlsKey> {
  sources = []
  listener = new TlsListener({
    http: { keepAliveTimeout: 600_000 },
    openSource: async ({ key, host }) => {
      const source = new FakeSource(await certify(key, host))
      sources.push(source)
      return source
    },
  })
  listener.server.on('request', (incoming, outgoing) => {
    listener.follow(incoming, outgoing)
    serve(incoming, outgoing)
  })
  const key = await createKey()
  const show = await listener.prepare({ key, host: 'gw.example.com' })
  show()
  listener.server.listen(0, '127.0.0.1')
  await once(listener.server, 'listening')
  const address = listener.server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
  return key
}

async function open(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

function shown(socket: TLSSocket): X509Certificate {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Error('no certificate')
  return new X509Certificate(certificate.raw)
}

function isOver(key: TlsKey, socket: TLSSocket): boolean {
  return shown(socket).publicKey.equals(key.publicKey)
}

/** All until the other end closes. */
async function readAll(socket: TLSSocket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

const GET = 'GET / HTTP/1.1\r\nHost: gw.example.com\r\n\r\n'

describe('certificates', () => {
  it('are shown as the source has them, from the next connection on', async () => {
    const key = await start()
    const [source] = sources
    if (source === undefined) throw new Error('no source')
    const before = await open()
    expect(shown(before).subjectAltName).toBe('DNS:gw.example.com')
    source.certChainPem = await certify(key, 'public.example.com')
    source.changed()
    const after = await open()
    expect(shown(after).subjectAltName).toBe('DNS:public.example.com')
    // The key is the same, so the connection before may go on.
    before.write(GET)
    expect(String((await once(before, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK.*connection: keep-alive/is)
  })

  it('of a source that was replaced are shown no more', async () => {
    await start()
    const next = await createKey()
    const show = await listener.prepare({ key: next, host: 'gw.example.com' })
    show()
    expect(sources[0]?.isClosed).toBe(true)
    sources[0]?.changed()
    expect(isOver(next, await open())).toBe(true)
  })
})

describe('another key', () => {
  it('is shown to new connections, and idle ones end', async () => {
    const first = await start()
    const idle = await open()
    expect(isOver(first, idle)).toBe(true)
    idle.write(GET)
    await once(idle, 'data')
    const next = await createKey()
    const show = await listener.prepare({ key: next, host: 'gw.example.com' })
    expect(isOver(first, await open())).toBe(true)
    show()
    await once(idle, 'close')
    expect(isOver(next, await open())).toBe(true)
  })

  it('lets an answer under way end, and its connection with it', async () => {
    const held: ServerResponse[] = []
    let arrived = (): void => {}
    const under = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await start((_, outgoing) => {
      held.push(outgoing)
      outgoing.write('first ')
      arrived()
    })
    const socket = await open()
    socket.write(GET)
    await under
    const show = await listener.prepare({ key: await createKey(), host: 'gw.example.com' })
    show()
    held[0]?.end('last')
    const text = await readAll(socket)
    expect(text).toContain('first ')
    expect(text).toMatch(/last\r\n0\r\n\r\n$/)
  })

  it('says so to a request that comes over a connection of the one before', async () => {
    const held: ServerResponse[] = []
    await start((_, outgoing) => {
      held.push(outgoing)
      if (held.length === 2) outgoing.end('second')
    })
    const socket = await open()
    socket.write(GET)
    await expect.poll(() => held.length, { timeout: 20_000 }).toBe(1)
    const show = await listener.prepare({ key: await createKey(), host: 'gw.example.com' })
    show()
    // Pipelined behind the answer that is under way.
    socket.write(GET)
    await expect.poll(() => held.length, { timeout: 20_000 }).toBe(2)
    held[0]?.end('first')
    expect(await readAll(socket)).toMatch(/first/)
  })
})

describe('a challenge of a certificate authority', () => {
  const ASKED = { servername: 'gw.example.com', ALPNProtocols: ['acme-tls/1'] }

  it('is shown to whoever asks for it by its protocol alone, and nothing is said over it', async () => {
    const key = await start()
    const [source] = sources
    const proof = await createKey()
    if (source === undefined) throw new Error('no source')
    source.challenged = createSecureContext({
      key: proof.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      cert: await certify(proof, 'gw.example.com'),
    })
    const asked = await open(ASKED)
    expect(asked.alpnProtocol).toBe('acme-tls/1')
    expect(isOver(proof, asked)).toBe(true)
    expect(await readAll(asked)).toBe('')
    const other = await open({ servername: 'gw.example.com', ALPNProtocols: ['http/1.1'] })
    expect(isOver(key, other)).toBe(true)
    const both = await open({ servername: 'gw.example.com', ALPNProtocols: ['acme-tls/1', 'http/1.1'] })
    expect([both.alpnProtocol, isOver(key, both)]).toEqual(['http/1.1', true])
  })

  it.each([
    ['while none is open', ASKED],
    ['for another name', { ...ASKED, servername: 'other.example.com' }],
    ['by an unknown protocol', { ...ASKED, ALPNProtocols: ['h2'] }],
  ])('is refused %s', async (_, options) => {
    await start()
    await expect(open(options)).rejects.toThrow(/no_application_protocol|no application protocol/)
  })
})
