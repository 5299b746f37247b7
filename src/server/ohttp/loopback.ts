/**
 * Connections to this very gateway, within the process. What was decrypted goes through the same server code as what came over the network,
 * so that every guard, limit, receipt and abort holds for it too; and it goes nowhere else, whatever authority it names. @module
 */
import { createServer, type Server, type ServerOptions } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { markDecrypted } from '../middleware/channel-of.ts'

export interface Loopback {
  /** Never bound to a port: it has the listeners of the public one. */
  readonly server: Server
  /** The client's end of a new connection. Where either end closes, the other one does. */
  connect(): Duplex
  /** Cuts what is open. */
  close(): void
}

/** A slow reader outside must not make a stream lie here: little is held in each direction. */
const BUFFERED_BYTES: number = 8 * 1024

export function createLoopback(http: ServerOptions): Loopback {
  const server = createServer(http)
  const open = new Set<Duplex>()
  return {
    server,
    connect() {
      const [near, far] = duplexPair({ highWaterMark: BUFFERED_BYTES })
      // An end closes by itself when the other one has read everything; earlier it was broken off.
      near.once('close', () => far.destroy())
      far.once('close', () => near.destroy())
      // What broke shows as `close`.
      near.on('error', () => {})
      far.on('error', () => {})
      open.add(near)
      near.once('close', () => open.delete(near))
      markDecrypted(far)
      server.emit('connection', far)
      return near
    },
    close() {
      for (const near of open) near.destroy()
    },
  }
}
