/** One TLS connection with an HTTP client of its own, which is never connected again: what was learnt of a connection holds for no other. @module */
import { Client } from 'undici'
import { CountersignError } from '../../errors.ts'
import { connectTls, type TlsConnection } from './connect.ts'
import type { TlsPeer } from './peer.ts'
import { send } from './send.ts'

/** Nothing of the request was written: it may go over another connection. */
export class ConnectionGone extends CountersignError {
  constructor() {
    super('ERR_NETWORK', 'the connection is gone')
    this.name = 'ConnectionGone'
  }
}

export class Connection {
  readonly socket: TlsConnection['socket']
  readonly peer: TlsPeer
  readonly #client: Client

  private constructor(origin: string, { socket, peer }: TlsConnection) {
    this.socket = socket
    this.peer = peer
    let isTaken = false
    this.#client = new Client(origin, {
      pipelining: 1,
      // The library connects again by itself, and would send what waits over a connection that nobody looked at.
      connect: (_, callback) => {
        const isGone = isTaken || socket.destroyed
        isTaken = true
        // Later: the library does not look at what waits while it is asking.
        queueMicrotask(() => {
          if (isGone) callback(new ConnectionGone(), null)
          else callback(null, socket)
        })
      },
    })
  }

  /** @throws NotVerifiedError, CountersignError ERR_NETWORK */
  static async open(address: URL, timeoutMs: number): Promise<Connection> {
    return new Connection(address.origin, await connectTls(address, timeoutMs))
  }

  get isUsable(): boolean {
    return !this.socket.destroyed && !this.#client.closed
  }

  /** @param ended called once, when nothing of this exchange is on the connection any more */
  send(url: string, init: RequestInit, ended: () => void = () => {}): Promise<Response> {
    return send(this.#client, { url, init, ended })
  }

  destroy(): void {
    void this.#client.destroy().catch(() => {})
    this.socket.destroy()
  }
}
