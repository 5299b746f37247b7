/**
 * A plain OpenAI endpoint on loopback whose answers are verified before they leave it: for clients in languages that have no verifier.
 * docs/proxy.md. @module
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { CountersignError } from '../errors.ts'
import { isLoopback } from './admission.ts'
import { Connections } from './connections.ts'
import { createVerifiedGateway, type GatewayOptions, type Standing } from './gateway.ts'
import { Lifetime } from './lifetime.ts'
import { methodOf, outcomeFields, type RequestLine, routeOf } from './request-log.ts'
import { type Outcome, type RespondDeps, respond } from './respond.ts'

export interface ProxyDeps extends GatewayOptions {
  /** Where it listens; port 0 takes a free one. By default 127.0.0.1:8788. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Lets `listen` be an address that others reach: they ask with `apiKey`, and nothing protects what they send. */
  readonly dangerouslyListenAnywhere?: boolean
  /** Origins of pages that may ask, as browsers write them: `http://localhost:5173`. */
  readonly allowOrigins?: readonly string[]
  /** Names besides loopback's under which it is addressed. */
  readonly allowHosts?: readonly string[]
  /** Replaces the keys of clients. */
  readonly apiKey?: string | undefined
  /** Told of each request when it is over. */
  readonly report: (line: RequestLine) => void
  /** Told of mistakes of the proxy itself. */
  readonly fault?: (error: unknown) => void
  readonly limits?: Partial<ProxyLimits>
}

export interface ProxyLimits {
  /** Of a request, octets. */
  readonly maxRequestSize: number
  /** Longest time without an octet of the gateway. */
  readonly idleTimeoutMs: number
  /** For what is under way when the proxy is told to stop. */
  readonly drainTimeoutMs: number
}

export interface VerifyingProxy {
  /** @returns its address with `/v1` */
  listen(): Promise<string>
  /** Verifies the gateway, unless that was done a moment ago. @throws RefusedError */
  check(): Promise<Standing>
  /** Takes no more requests, and lets those under way come to their end. */
  close(): Promise<void>
}

const LIMITS: ProxyLimits = { maxRequestSize: 64 << 20, idleTimeoutMs: 600_000, drainTimeoutMs: 30_000 }
const LISTEN = { host: '127.0.0.1', port: 8788 } as const
/** As the gateway's own. */
const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
}
const MAX_CONNECTIONS = 1_024
const LAST_WORDS_MS = 1_000

/** @throws CountersignError ERR_CONFIG for an address that others reach, or a grade out of reach */
export function createProxy(deps: ProxyDeps): VerifyingProxy {
  const { listen = LISTEN, dangerouslyListenAnywhere = false, fault = () => undefined } = deps
  if (!isLoopback(listen.host) && !dangerouslyListenAnywhere)
    throw new CountersignError(
      'ERR_CONFIG',
      `${listen.host} is not a loopback address: others could ask through this proxy, in clear text`,
    )
  const limits = { ...LIMITS, ...deps.limits }
  const gateway = createVerifiedGateway(deps)
  const underWay = new Set<Lifetime>()
  const responding: RespondDeps = {
    gateway,
    callers: {
      origins: deps.allowOrigins ?? [],
      hosts: deps.allowHosts ?? [],
      anyAddress: !isLoopback(listen.host),
    },
    apiKey: deps.apiKey,
    maxRequestSize: limits.maxRequestSize,
    fault,
    live: (outgoing) => {
      const lifetime = new Lifetime(outgoing, limits.idleTimeoutMs)
      underWay.add(lifetime)
      outgoing.on('close', () => underWay.delete(lifetime))
      return lifetime
    },
  }
  const server = createServer(SERVER_OPTIONS)
  const connections = new Connections(server)
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    connections.begin(incoming)
    serve(incoming, outgoing, responding)
      .then(deps.report, fault)
      .finally(() => connections.end(incoming))
  })
  server.maxConnections = MAX_CONNECTIONS
  return {
    listen: () => listenAt(server, listen),
    check: () => gateway.check(),
    close: () => drain(server, { connections, underWay, timeoutMs: limits.drainTimeoutMs }),
  }
}

/** Answers one request; resolves when its client has the answer, or has left. */
async function serve(incoming: IncomingMessage, outgoing: ServerResponse, deps: RespondDeps): Promise<RequestLine> {
  const startedMs = performance.now()
  const closed = new Promise((resolve) => outgoing.on('close', resolve))
  // What a client does to its connection ends its request and nothing else.
  incoming.on('error', () => undefined)
  outgoing.on('error', () => undefined)
  const outcome = await respond(incoming, outgoing, deps).catch((error: unknown): Outcome => {
    if (!incoming.destroyed) deps.fault(error)
    outgoing.destroy()
    return { state: 'aborted' }
  })
  await closed
  const isOver = outgoing.writableFinished || outcome.state === 'failed'
  const fields = outcomeFields(isOver ? outcome : { state: 'aborted' })
  return {
    time: new Date().toISOString(),
    method: methodOf(incoming.method),
    route: routeOf(incoming.url ?? ''),
    status: fields.verdict === 'aborted' ? 499 : outgoing.statusCode,
    ...fields,
    ms: Math.round(performance.now() - startedMs),
  }
}

async function listenAt(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  server.listen(port, host)
  await once(server, 'listening').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new CountersignError('ERR_CONFIG', `cannot listen on ${host}:${port}${code}: choose another address`, {
      cause,
    })
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}/v1`
}

interface Draining {
  readonly connections: Connections
  readonly underWay: ReadonlySet<Lifetime>
  readonly timeoutMs: number
}

async function drain(server: Server, { connections, underWay, timeoutMs }: Draining): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  connections.endIdle()
  const late = setTimeout(() => {
    for (const lifetime of underWay) lifetime.cut()
    // What is cut is told so; who does not even read that is not waited for.
    setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS).unref()
  }, timeoutMs)
  await closed
  clearTimeout(late)
}
