/** Connections to the origin of one tool server: which key each has, and none that has another than the pinned one. @module */
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { digestUri } from '../core/crypto/index.ts'
import { RefusedServer } from './refused-server.ts'

export interface OriginOptions {
  /** Scheme, host and port. Every connection goes there, whatever a request holds. */
  readonly origin: string
  readonly connectMs: number
  /** `sha256:…` of the only key to speak to. */
  readonly spki?: string | undefined
  /** Certificates (PEM) to trust in place of the runtime's. */
  readonly roots?: string | undefined
}

export interface OriginRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | null
}

export interface OriginAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Ends with an error behind `MAX_BODY` octets. */
  readonly body: Readable
  /** `sha256:…` of the key of the connection that it came over; `none` over plain HTTP. */
  readonly identity: string
}

export interface Origin {
  /** @throws RefusedServer for a redirect or another key, others where the server cannot be reached */
  send(request: OriginRequest): Promise<OriginAnswer>
  /** Cuts what is under way. */
  close(): Promise<void>
}

/** Octets of one answer. */
const MAX_BODY = 4 << 20

/** The timers of the library are off: each call has its own, and a stream of notifications may be silent for long. */
const OPTIONS = { headersTimeout: 0, bodyTimeout: 0, pipelining: 1, maxHeaderSize: 16 * 1024 } as const

export function createOrigin({ origin, connectMs, spki, roots }: OriginOptions): Origin {
  const connector = buildConnector({
    timeout: connectMs,
    // Named, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    rejectUnauthorized: true,
    // A resumed session shows no certificate of its own.
    maxCachedSessions: 0,
    ...(roots === undefined ? {} : { ca: roots }),
  })
  const peers = new WeakMap<object, () => string>()

  /** One connection at a time, whose TLS key it knows. */
  class KnownClient extends Client {
    #identity = 'none'

    constructor() {
      super(origin, {
        ...OPTIONS,
        connect: (options, callback) =>
          connector(options, (...[error, socket]) => {
            if (error !== null) return callback(error, null)
            this.#identity = socket instanceof TLSSocket ? spkiDigest(socket) : 'none'
            if (spki !== undefined && this.#identity !== spki) {
              // Before any octet of a request: the token is not for whoever this is.
              socket.destroy()
              return callback(new RefusedServer('the server has another key than the configuration says'), null)
            }
            callback(null, socket)
          }),
      })
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      peers.set(options, () => this.#identity)
      return super.dispatch(options, handler)
    }
  }

  const pool = new Pool(origin, { ...OPTIONS, factory: () => new KnownClient() })
  return {
    async send({ method, path, headers, body, signal }) {
      const options = { method, path, headers: { ...headers }, body: body ?? null, signal: signal ?? null }
      const answer = await pool.request(options)
      // What is cut off later is nobody's to catch.
      answer.body.on('error', () => undefined)
      const { statusCode: status } = answer
      if (status >= 300 && status < 400 && status !== 304) {
        answer.body.destroy()
        throw new RefusedServer('the server sends to another address')
      }
      const identity = peers.get(options)?.()
      if (identity === undefined) throw new RefusedServer('the connection has no known key')
      const limited = Readable.from(limit(answer.body))
      limited.on('error', () => undefined)
      return { status, headers: plainHeaders(answer.headers), body: limited, identity }
    },
    close: () => pool.destroy(),
  }
}

async function* limit(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_BODY) throw new RangeError('the answer is too large')
    yield chunk
  }
}

function plainHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')] as const],
    ),
  )
}

function spkiDigest(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  return key === undefined ? 'none' : digestUri(key)
}
