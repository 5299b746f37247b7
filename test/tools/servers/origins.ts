/** HTTP servers on loopback ports: plain or TLS with a key of their own, and the small MCP server behind them. @module */
import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { TlsIdentity } from '../../kit/tls-identity.ts'
import { createSmallServer } from './small.mjs'

export interface RunningOrigin {
  readonly origin: string
  readonly port: number
  /** Ends every connection; from here on another server with another key is there. Its port is never let go of. */
  becomes(listener: RequestListener, identity: TlsIdentity): void
  close(): Promise<void>
}

export async function startOrigin(
  listener: RequestListener,
  { identity }: { readonly identity?: TlsIdentity } = {},
): Promise<RunningOrigin> {
  const tls = identity === undefined ? undefined : createTlsServer({ cert: identity.cert, key: identity.key })
  const server: Server = tls ?? createServer()
  server.on('request', listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    port,
    becomes(other, { cert, key }) {
      tls?.setSecureContext({ cert, key })
      server.removeAllListeners('request').on('request', other)
      server.closeAllConnections()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The small server over streamable HTTP, with sessions. @param onRequest is told the headers of each request */
export function smallOverHttp(
  onRequest: (authorization: string | undefined) => void = () => undefined,
): RequestListener {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const transportOf = async (id: string | undefined): Promise<WebStandardStreamableHTTPServerTransport> => {
    const known = id === undefined ? undefined : sessions.get(id)
    if (known !== undefined) return known
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => {
        sessions.set(session, transport)
      },
    })
    await createSmallServer().connect(transport)
    return transport
  }
  return (request, response) => {
    onRequest(request.headers.authorization)
    const id = request.headers['mcp-session-id']
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value)
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(Buffer.from(chunk))
      const transport = await transportOf(typeof id === 'string' ? id : undefined)
      const method = request.method ?? 'GET'
      const answer = await transport.handleRequest(
        new Request(`http://127.0.0.1${request.url ?? '/'}`, {
          method,
          headers,
          ...(method === 'POST' ? { body: Buffer.concat(chunks).toString('utf8') } : {}),
        }),
      )
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.flushHeaders()
      if (answer.body === null) response.end()
      else for await (const chunk of answer.body) response.write(chunk)
      response.end()
    })().catch(() => response.destroy())
  }
}
