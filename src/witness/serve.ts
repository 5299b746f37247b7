/** A witness behind node:http, with limits on what a stranger's connection may cost. TLS is the work of a proxy before it. @module */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CountersignError } from '../errors.ts'
import type { Witness } from './witness.ts'

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Until the head of a request is there. */
  readonly headersMs?: number
  /** Until all of it is there. */
  readonly requestMs?: number
  /** When it is told to end: for what is under way. */
  readonly graceMs?: number
}

export interface RunningWitness {
  /** `http://<host>:<port>`. */
  readonly url: string
  /** Takes no new connection, finishes what is under way. */
  close(): Promise<void>
}

const MAX_CONNECTIONS = 512
const MAX_HEADER_BYTES = 8 * 1024
const KEEP_ALIVE_MS = 60_000

/** @throws CountersignError ERR_CONFIG when the address cannot be had */
export async function serveWitness(witness: Witness, options: ListenOptions): Promise<RunningWitness> {
  const { host, port, headersMs = 5_000, requestMs = 10_000, graceMs = 5_000 } = options
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.max(10, Math.min(1_000, headersMs / 2)),
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    witness.handler,
  )
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, { host, port })
  const address = server.address()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${isInternet(address) ? address.port : port}`,
    close: () =>
      new Promise((resolve) => {
        // Node watches over no connection of a server that closes: one on which nothing comes would hold it up for ever.
        const late = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new CountersignError('ERR_CONFIG', `cannot listen on ${host}:${port}`, { cause })),
    )
    server.listen({ host, port }, resolve)
  })
}

function isInternet(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}
