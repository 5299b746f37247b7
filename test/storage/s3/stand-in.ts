/** A bucket's server that misbehaves as a test wants it to. @module */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { vi } from 'vitest'

export interface StandIn {
  readonly place: { readonly endpoint: string; readonly region: string; readonly bucket: string }
  /** So far. */
  requests(): number
  stop(): void
}

/** Sets credentials in the environment until it is stopped. Bodies of requests are thrown away. */
export async function startStandIn(answer: RequestListener): Promise<StandIn> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    request.resume()
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'example')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example')
  return {
    place: { endpoint: `http://127.0.0.1:${address.port}`, region: 'us-east-1', bucket: 'history' },
    requests: () => requests,
    stop() {
      vi.unstubAllEnvs()
      server.closeAllConnections()
      server.close()
    },
  }
}
