/**
 * HTTPS with a key made in the TEE. TLS 1.3 alone, no resumption: a resumed connection shows no certificate, so a client could not compare
 * its key. Each boot has a key of its own; connections of the last boot's key end when it is replaced. @module
 */
import { constants, createHash } from 'node:crypto'
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { TlsKey } from '../session/channel-keys.ts'
import { ACME_TLS_ALPN, type CertificateSource, type CertificateSubject, type OpenCertificateSource } from './types.ts'

const HTTP_ALPN = 'http/1.1'
const HANDSHAKE_MS = 5_000

export interface TlsListenerOptions {
  readonly http: ServerOptions
  readonly openSource: OpenCertificateSource
}

export class TlsListener {
  readonly server: Server
  readonly #openSource: OpenCertificateSource
  readonly #sockets: Set<Duplex> = new Set()
  readonly #established: Set<TLSSocket> = new Set()
  /** Their key is of a boot that has ended. */
  readonly #outdated: WeakSet<Duplex> = new WeakSet()
  #source: CertificateSource | undefined
  #key: TlsKey | undefined

  constructor({ http, openSource }: TlsListenerOptions) {
    this.#openSource = openSource
    const challenge = (name: string): ReturnType<CertificateSource['challenge']> => this.#source?.challenge(name)
    this.server = createServer({
      ...http,
      handshakeTimeout: HANDSHAKE_MS,
      ALPNCallback(this: TLSSocket, { servername, protocols }) {
        return selectProtocol(this, { protocols, challenge: challenge(servername) })
      },
    })
    // Its own listener answers in HTTP whoever failed to speak TLS.
    this.server.removeAllListeners('tlsClientError')
    this.server.on('tlsClientError', (_, socket) => socket.destroy())
    this.server.on('connection', (socket) => track(this.#sockets, socket))
    this.server.on('secureConnection', (socket) => this.#begin(socket))
  }

  /**
   * Makes what the listener shows of a boot's key.
   * @returns shows it from now on; what was opened under another key ends with the answers under way
   */
  async prepare(subject: CertificateSubject): Promise<() => void> {
    const source = await this.#openSource(subject)
    const show = (): void => this.server.setSecureContext(contextOf(subject.key, source))
    return () => {
      this.#source?.close()
      this.#source = source
      this.#key = subject.key
      source.onChange(() => {
        if (source === this.#source) show()
      })
      show()
      for (const socket of this.#established) this.#outdated.add(socket)
      this.server.closeIdleConnections()
    }
  }

  /** Of a request: its connection ends with the answer where its key has been replaced, before it or meanwhile. */
  follow({ socket }: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#outdated.has(socket)) outgoing.shouldKeepAlive = false
    outgoing.once('finish', () => {
      if (this.#outdated.has(socket)) socket.end()
    })
  }

  /** Cuts every connection, those whose handshake is under way too. */
  close(): void {
    this.#source?.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #begin(socket: TLSSocket): void {
    track(this.#established, socket)
    // Nothing is said over it: RFC 8737 section 3.
    if (socket.alpnProtocol === ACME_TLS_ALPN) socket.end()
    // Its handshake began under the last boot's key.
    else if (shownKey(socket) !== this.#key?.spkiSha256) this.#outdated.add(socket)
  }
}

function selectProtocol(
  socket: TLSSocket,
  { protocols, challenge }: { protocols: readonly string[]; challenge: ReturnType<CertificateSource['challenge']> },
): string | undefined {
  if (protocols.includes(HTTP_ALPN)) return HTTP_ALPN
  if (protocols.length !== 1 || protocols[0] !== ACME_TLS_ALPN || challenge === undefined) return undefined
  socket.setKeyCert(challenge)
  return ACME_TLS_ALPN
}

/** `node:tls` takes the key as PEM alone, and keeps that text for as long as it serves it: the one place where the key is written out. */
function contextOf({ privateKey }: TlsKey, source: CertificateSource): SecureContextOptions {
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: source.current().certChainPem,
    minVersion: 'TLSv1.3',
    // With it sessions would lie in a store of ours, of which there is none.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

function shownKey(socket: TLSSocket): string | undefined {
  const spki = socket.getX509Certificate()?.publicKey.export({ format: 'der', type: 'spki' })
  return spki === undefined ? undefined : createHash('sha256').update(spki).digest('hex')
}

function track<S extends Duplex>(sockets: Set<S>, socket: S): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}
