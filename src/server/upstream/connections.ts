/** Connections to one origin, kept alive. The only file that imports `undici`. @module */
import { TLSSocket } from 'node:tls'
import { buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import type { Exchange } from './exchange.ts'

export interface ConnectionsOptions {
  /** Scheme, host and port. Every connection goes there, whatever a request holds. */
  readonly origin: string
  readonly connectMs: number
  /** Certificates (PEM) to trust in place of the runtime's. */
  readonly roots?: string
}

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface Connections {
  /** Starts the exchange; all that happens to it is told to the exchange. */
  start(request: OutgoingRequest, exchange: Exchange): void
  /** Cuts what is under way. */
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 16 * 1024

/** The library's timers are off: they tick twice a second, and an exchange has its own. */
const OPTIONS = {
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: MAX_HEADER_BYTES,
  pipelining: 1,
  // Below the five seconds after which common model servers close an idle connection.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 60_000,
} as const

export function createConnections({ origin, connectMs, roots }: ConnectionsOptions): Connections {
  const host = new URL(origin).host
  const connector = buildConnector({
    timeout: connectMs,
    // Named, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    rejectUnauthorized: true,
    // A resumed session shows no certificate of its own.
    maxCachedSessions: 0,
    ...(roots === undefined ? {} : { ca: roots }),
  })
  const exchanges = new WeakMap<object, Exchange>()

  /** One connection at a time, whose TLS key it knows. */
  class KnownClient extends Client {
    #tlsSpkiSha256: string | undefined

    constructor() {
      super(origin, {
        ...OPTIONS,
        connect: (options, callback) =>
          connector(options, (...[error, socket]) => {
            if (error !== null) return callback(error, null)
            this.#tlsSpkiSha256 = socket instanceof TLSSocket ? spkiDigest(socket) : undefined
            callback(null, socket)
          }),
      })
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const exchange = exchanges.get(options)
      if (exchange !== undefined) exchange.peer = () => this.#peer()
      return super.dispatch(options, handler)
    }

    #peer(): { readonly host: string; readonly tlsSpkiSha256?: string } {
      return this.#tlsSpkiSha256 === undefined ? { host } : { host, tlsSpkiSha256: this.#tlsSpkiSha256 }
    }
  }

  const pool = new Pool(origin, { ...OPTIONS, factory: () => new KnownClient() })
  return {
    start(request, exchange) {
      const options = { ...request, body: request.body ?? null, headers: { ...request.headers }, reset: false }
      exchanges.set(options, exchange)
      pool.dispatch(options, exchange)
    },
    close: () => pool.destroy(),
  }
}

function spkiDigest(socket: TLSSocket): string | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  return key === undefined ? undefined : encodeHex(sha256(key))
}
