/** Whoever may stand between a client and a gateway: keys, certificates and servers that forward, and what they overheard. @module */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureVersion, TLSSocket } from 'node:tls'
import { encodePem } from '../../src/core/encoding/pem.ts'
import { createSelfSignedCertificate, type IssuingKey } from '../../src/issuing/index.ts'

export interface Credentials {
  readonly key: string
  readonly cert: string
}

export function createKey(): IssuingKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

export function pemOf(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'pkcs8' }))
}

export async function createCredentials(key: IssuingKey = createKey()): Promise<Credentials> {
  const terms = { host: 'gw.example.com', notBefore: new Date(0), notAfter: new Date('2100-01-01T00:00:00Z') }
  const certificate = await createSelfSignedCertificate(key, terms)
  return { key: pemOf(key.privateKey), cert: encodePem(certificate, 'CERTIFICATE') }
}

export interface Middlebox {
  /** Where clients connect, `https://127.0.0.1:port`. */
  readonly origin: string
  readonly port: number
  /** All that came in clear from clients, in order of arrival. */
  readonly heard: string
  /** What became of each connection, in order: passed on unread, or ended here. */
  readonly taken: readonly Take[]
  /** Cuts the connections that are open. */
  cut(): void
  close(): Promise<void>
}

/** `pass`: octets are carried as they are. Credentials: TLS ends here. */
export type Take = 'pass' | (Credentials & { readonly maxVersion?: SecureVersion; readonly minVersion?: SecureVersion })

export interface MiddleboxOptions {
  /** The real gateway. */
  readonly upstream: { readonly port: number; readonly tls: boolean }
  /** Decides on connection number `index`. */
  readonly take: (index: number) => Take
  /** Alters what goes up to the gateway, chunk by chunk. */
  readonly alter?: (text: string, toClient: TLSSocket) => string
  /** In place of the gateway's answer; undefined passes the request on. */
  readonly answer?: (text: string) => string | undefined
}

/** Listens, and sends all that it hears to the gateway. */
export async function startMiddlebox({
  upstream,
  take,
  alter = (text) => text,
  answer = () => undefined,
}: MiddleboxOptions): Promise<Middlebox> {
  const sockets = new Set<Socket>()
  const taken: Take[] = []
  let heard = ''
  const server = createServer((raw) => {
    const how = take(taken.length)
    taken.push(how)
    keep(sockets, raw)
    const onward = (): Socket =>
      keep(
        sockets,
        upstream.tls && how !== 'pass'
          ? connectTls({ port: upstream.port, host: '127.0.0.1', rejectUnauthorized: false })
          : connectTcp(upstream.port, '127.0.0.1'),
      )
    if (how === 'pass') {
      join(raw, onward())
      return
    }
    const { key, cert, minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = how
    const secureContext = createSecureContext({ key, cert, minVersion, maxVersion })
    const ended = keep(sockets, new TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] }))
    const next = onward()
    ended.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      heard += text
      const own = answer(text)
      if (own === undefined) next.write(Buffer.from(alter(text, ended), 'latin1'))
      else ended.write(own)
    })
    next.pipe(ended)
    bindEnds(ended, next)
  })
  const port = await listen(server)
  return {
    origin: `https://127.0.0.1:${port}`,
    port,
    get heard() {
      return heard
    },
    taken,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function join(one: Socket, other: Socket): void {
  one.pipe(other)
  other.pipe(one)
  bindEnds(one, other)
}

function bindEnds(one: Socket, other: Socket): void {
  one.on('close', () => other.destroy())
  other.on('close', () => one.destroy())
}

function keep<S extends Socket>(sockets: Set<Socket>, socket: S): S {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('error', () => socket.destroy())
  return socket
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
