/** Ways to one MCP server: a child of this process, or streamable HTTP. @module */
import { StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { createOrigin, type Origin } from './connections.ts'
import { readBearer, readVariables } from './environment.ts'
import { assertFiles, commandIdentity } from './measured-files.ts'
import { RefusedServer } from './refused-server.ts'
import { StdioTransport } from './stdio-transport.ts'
import type { McpHttpConfig, McpStdioConfig, ToolDeps } from './types.ts'

/** One connection, not begun yet. */
export interface McpLink {
  readonly transport: Transport
  /** Of the server; `none` until it has shown itself. */
  identity(): string
  /** Says goodbye where the server keeps state for the connection, and cuts it. */
  close(): Promise<void>
}

/** @throws CountersignError ERR_CONFIG for a file that is another one, or a variable that is not set */
export type OpenLink = () => Promise<McpLink>

const GOODBYE_MS = 1_000

export function stdioLinks(config: McpStdioConfig, { env }: ToolDeps): OpenLink {
  const variables = readVariables(config.id, config.env, env)
  const identity = commandIdentity(config)
  return async () => {
    await assertFiles(config)
    const transport = new StdioTransport({ command: config.command, args: config.args, env: variables })
    return { transport, identity: () => identity, close: () => transport.close() }
  }
}

export function httpLinks(config: McpHttpConfig, { env, roots }: ToolDeps): OpenLink {
  const bearer = readBearer(config.id, config.apiKeyEnv, env)
  const url = new URL(config.url)
  return async () => {
    const origin = createOrigin({ origin: url.origin, connectMs: config.timeoutMs, spki: config.spki, roots })
    const peer = new OnePeer(origin, bearer)
    const transport = new EndingTransport(url, {
      fetch: (target, init) => peer.fetch(target, init),
      // Of the notifications alone: where they end, the list is read anew with the next connection.
      reconnectionOptions: {
        maxRetries: 2,
        initialReconnectionDelay: 1_000,
        maxReconnectionDelay: 10_000,
        reconnectionDelayGrowFactor: 2,
      },
    })
    return {
      transport,
      identity: () => peer.identity ?? 'none',
      close: async () => {
        const timer = setTimeout(() => void origin.close(), GOODBYE_MS)
        await transport.terminateSession().catch(() => undefined)
        clearTimeout(timer)
        await origin.close()
      },
    }
  }
}

type Sending = Parameters<StreamableHTTPClientTransport['send']>

/** Calls whose answer breaks off, or ends without a result, end with it: the library lets them wait until their time is over. */
class EndingTransport extends StreamableHTTPClientTransport {
  override async send(...[message, options]: Sending): Promise<void> {
    if (!('method' in message && 'id' in message)) return super.send(message, options)
    const { id } = message
    const error = { code: -32_000, message: 'the answer broke off' }
    // Where the result came before the end this is an answer to nothing, which the client passes over.
    const onRequestStreamEnd = (): void => this.onmessage?.({ jsonrpc: '2.0', id, error })
    return super.send(message, { ...options, onRequestStreamEnd })
  }
}

/** Every request of a connection goes to the one origin, and to the one key that answered the first. */
class OnePeer {
  identity: string | undefined
  readonly #origin: Origin
  readonly #bearer: string | undefined

  constructor(origin: Origin, bearer: string | undefined) {
    this.#origin = origin
    this.#bearer = bearer
  }

  async fetch(target: string | URL, { method = 'GET', headers, body, signal }: RequestInit = {}): Promise<Response> {
    const { pathname, search } = new URL(target)
    if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') throw new RefusedServer('unknown method')
    const answer = await this.#origin.send({
      method,
      path: `${pathname}${search}`,
      headers: {
        ...Object.fromEntries(new Headers(headers)),
        ...(this.#bearer === undefined ? {} : { authorization: `Bearer ${this.#bearer}` }),
      },
      ...(typeof body === 'string' ? { body } : {}),
      signal: signal ?? null,
    })
    this.identity ??= answer.identity
    if (answer.identity !== this.identity) {
      answer.body.destroy()
      throw new RefusedServer('the server has another key than before')
    }
    const isEmpty = answer.status === 204 || answer.status === 205 || answer.status === 304
    if (isEmpty) answer.body.destroy()
    return new Response(isEmpty ? null : streamOf(answer.body), { status: answer.status, headers: answer.headers })
  }
}

function streamOf(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return?.()
    },
  })
}
