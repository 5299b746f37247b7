/** The proxy before a real gateway on a simulated TEE, with somebody in between who may meddle. @module */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createProxy, type ProxyDeps, type RequestLine, type VerifyingProxy } from '../../src/proxy/index.ts'
import {
  type FixtureOptions,
  type GatewayFixture,
  PLAIN_MODEL,
  startFixture,
} from '../server/gateway/gateway-fixture.ts'
import { type Call, call, type Reply } from '../server/gateway/http-client.ts'

/** An answer of the gateway, all of it, on its way to the proxy. */
export interface Passing {
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What goes on; `cut` breaks the connection off before the body's end. */
export type Meddler = (passing: Passing) => Passing | (Passing & { readonly cut: true })

export interface ProxyFixture {
  /** With `/v1`. */
  readonly url: string
  readonly origin: string
  readonly gateway: GatewayFixture
  readonly proxy: VerifyingProxy
  readonly lines: readonly RequestLine[]
  readonly faults: readonly unknown[]
  /** The first line that fits, as soon as it is written. */
  line(fits: (line: RequestLine) => boolean): Promise<RequestLine>
  /** Changes what passes from now on. */
  meddle(meddler: Meddler): void
  chat(body: object, options?: Omit<Call, 'body'>): Promise<Reply>
  close(): Promise<void>
}

export interface ProxyFixtureOptions {
  readonly gateway?: FixtureOptions
  readonly proxy?: Partial<ProxyDeps>
}

/** The request that most tests send. */
export const ASK = { model: PLAIN_MODEL, messages: [{ role: 'user', content: 'Grüß Gott' }] } as const

const honest: Meddler = (passing) => passing

export async function startProxyFixture(options: ProxyFixtureOptions = {}): Promise<ProxyFixture> {
  const gateway = await startFixture(options.gateway)
  const between = await startMeddling(gateway.url)
  const lines: RequestLine[] = []
  const faults: unknown[] = []
  const waiting = new Set<(line: RequestLine) => void>()
  const proxy = createProxy({
    base: `${between.origin}/v1`,
    trust: gateway.trust,
    channel: 'none',
    listen: { host: '127.0.0.1', port: 0 },
    report: (line) => {
      lines.push(line)
      for (const look of waiting) look(line)
    },
    fault: (error) => faults.push(error),
    ...options.proxy,
  })
  const url = await proxy.listen()
  return {
    url,
    origin: new URL(url).origin,
    gateway,
    proxy,
    lines,
    faults,
    line: (fits) =>
      new Promise((resolve) => {
        const there = lines.find(fits)
        if (there !== undefined) return resolve(there)
        const look = (line: RequestLine): void => {
          if (!fits(line)) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
      }),
    meddle: between.meddle,
    chat: (body, { headers = {}, ...rest } = {}) =>
      call(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        ...rest,
      }),
    close: async () => {
      await proxy.close()
      await between.close()
      await gateway.close()
    },
  }
}

interface Between {
  readonly origin: string
  meddle(meddler: Meddler): void
  close(): Promise<void>
}

/** A reverse proxy: passes octets on as they come, or, once told to meddle, whole answers as the meddler wants them. */
async function startMeddling(target: string): Promise<Between> {
  let meddler = honest
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => undefined)
    relay(incoming, outgoing, { target, meddler }).catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    meddle: (next) => {
      meddler = next
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function relay(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, meddler }: { readonly target: string; readonly meddler: Meddler },
): Promise<void> {
  const sent = request(`${target}${incoming.url ?? ''}`, { method: incoming.method, headers: incoming.headers })
  outgoing.on('close', () => sent.destroy())
  incoming.pipe(sent)
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (answer === undefined) throw new Error('no answer')
  if (meddler === honest) {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    outgoing.flushHeaders()
    answer.pipe(outgoing)
    await once(answer, 'close')
    return
  }
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part)
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers
  const passing = {
    path: incoming.url ?? '',
    status: answer.statusCode ?? 502,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(parts).toString(),
  }
  const changed = meddler(passing)
  outgoing.writeHead(changed.status, changed.headers)
  if ('cut' in changed) outgoing.write(changed.body, () => outgoing.destroy())
  else outgoing.end(changed.body)
}
