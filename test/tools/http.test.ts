/** Tool servers behind HTTP: MCP over streamable HTTP, and plain functions; which key answers, and what is refused. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type HttpToolsConfig,
  type McpHttpConfig,
  measureToolServer,
  openToolServer,
  type ToolDeps,
  type ToolServer,
} from '../../src/tools/index.ts'
import { onFreePorts } from '../kit/free-ports.ts'
import { createTlsIdentity, type TlsIdentity } from '../kit/tls-identity.ts'
import { type RunningOrigin, smallOverHttp, startOrigin } from './servers/origins.ts'

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
)
const never = new AbortController().signal
const ZERO = `sha256:${'0'.repeat(64)}`
const closing: { close(): Promise<void> }[] = []
let identity: TlsIdentity
let other: TlsIdentity

beforeAll(async () => {
  identity = await createTlsIdentity('tools')
  other = await createTlsIdentity('other')
})
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close()
})

const deps = (): ToolDeps => ({
  env: { TOKEN: 'tok-1' },
  monotonicMs: () => performance.now(),
  roots: `${identity.cert}\n${other.cert}`,
})

async function origin(
  listener: RequestListener,
  options: Parameters<typeof startOrigin>[1] = {},
): Promise<RunningOrigin> {
  const running = await startOrigin(listener, options)
  closing.push(running)
  return running
}

async function start(config: McpHttpConfig | HttpToolsConfig): Promise<ToolServer> {
  const server = await openToolServer(config, deps())
  closing.push(server)
  return server
}

const mcp = (base: string, more: Partial<McpHttpConfig> = {}): McpHttpConfig => ({
  id: 'remote',
  kind: 'mcp-http',
  url: `${base}/mcp`,
  tools: ZERO,
  timeoutMs: 15_000,
  resultBytes: 4096,
  ...more,
})

async function pinned(config: McpHttpConfig): Promise<McpHttpConfig> {
  const { server } = await measureToolServer(config, deps())
  await server.close()
  return { ...config, tools: server.digest }
}

describe('an MCP server over streamable HTTP', () => {
  it('is the reference server of the protocol', async () => {
    const { child, port } = await onFreePorts(1, ([port = 0]) => startEverything(port))
    try {
      const server = await start(await pinned(mcp(`http://127.0.0.1:${port}`)))
      expect(await server.call('get-sum', { a: 2, b: 3 }, { signal: never })).toEqual({
        content: 'The sum of 2 and 3 is 5.',
        outcome: 'ok',
        identity: 'none',
      })
      expect(server.definitions.map(({ name }) => name)).toContain('echo')
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  it('is known by its key, and gets the token with each request', async () => {
    const tokens = new Set<string | undefined>()
    const { origin: base } = await origin(
      smallOverHttp((token) => tokens.add(token)),
      { identity },
    )
    const server = await start(await pinned(mcp(base, { apiKeyEnv: 'TOKEN', spki: identity.spki })))
    expect(server.identity).toBe(identity.spki)
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toEqual({
      content: 'x',
      outcome: 'ok',
      identity: identity.spki,
    })
    expect([...tokens]).toEqual(['Bearer tok-1'])
  })

  it('with another key than the pinned one is sent nothing', async () => {
    let requests = 0
    const small = smallOverHttp(() => {
      requests += 1
    })
    const { origin: base } = await origin(small, { identity })
    await expect(openToolServer(mcp(base, { spki: other.spki }), deps())).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('another key'),
    })
    expect(requests).toBe(0)
  })

  it('that comes back with another key is refused where one is pinned, and named where none is', async () => {
    const first = await origin(smallOverHttp(), { identity })
    const config = await pinned(mcp(first.origin))
    const held = await start({ ...config, spki: identity.spki })
    const seen = await start(config)
    first.becomes(smallOverHttp(), other)
    // The connection is gone: what the first call finds is an end or another key, never an answer.
    await seen.call('echo', { text: 'x' }, { signal: never })
    await held.call('echo', { text: 'x' }, { signal: never })
    expect(await held.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'refused' })
    expect(await seen.call('echo', { text: 'x' }, { signal: never })).toMatchObject({
      content: 'x',
      outcome: 'ok',
      identity: other.spki,
    })
  })

  it('that hangs, floods or changes its list gives a timeout, an error and a refusal', async () => {
    const { origin: base } = await origin(smallOverHttp())
    const config = await pinned(mcp(base))
    const server = await start(config)
    expect(await server.call('floods', {}, { signal: never })).toMatchObject({ outcome: 'error' })
    expect(await server.call('stream', {}, { signal: never })).toMatchObject({
      content: expect.stringMatching(/^data: /),
      outcome: 'ok',
    })
    const hasty = await start({ ...config, timeoutMs: 2_000 })
    expect(await hasty.call('hangs', {}, { signal: never })).toMatchObject({ outcome: 'timeout' })
    expect(await hasty.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'ok' })
    await expect(openToolServer({ ...config, tools: ZERO }, deps())).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(new RegExp(`${config.tools}.*${ZERO}`)),
    })
  })

  it('whose answer ends without a result, or breaks off, gives an error at once', async () => {
    const small = smallOverHttp()
    const { origin: base } = await origin((request, response) => {
      request.once('readable', () => {
        const body: unknown = request.read()
        const text = String(body)
        if (/"(?:ENDS|BREAKS)"/.test(text)) {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': no result\n\n')
          return text.includes('ENDS') ? response.end() : setImmediate(() => response.destroy())
        }
        if (Buffer.isBuffer(body)) request.unshift(body)
        return small(request, response)
      })
    })
    const server = await start(await pinned(mcp(base, { timeoutMs: 60_000 })))
    for (const text of ['ENDS', 'BREAKS'])
      expect(await server.call('echo', { text }, { signal: never })).toMatchObject({ outcome: 'error' })
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ content: 'x' })
  })

  it('that sends elsewhere is refused, and elsewhere hears nothing', async () => {
    let heard = 0
    const elsewhere = await origin((_, response) => {
      heard += 1
      response.end()
    })
    const { origin: base, port } = await origin((_, response) => {
      response.writeHead(307, { location: `${elsewhere.origin}/mcp` }).end()
    })
    await expect(openToolServer(mcp(base), deps())).rejects.toMatchObject({
      message: expect.stringContaining('sends to another address'),
    })
    expect(heard).toBe(0)
    expect(port).not.toBe(elsewhere.port)
  })
})

/** It takes no port 0: it could not say which it got. */
async function startEverything(
  port: number,
): Promise<{ readonly child: ChildProcess; readonly port: number } | 'taken'> {
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes(`listening on port ${port}`)) return { child, port }
    if (!line.includes('already in use')) continue
    child.kill('SIGKILL')
    return 'taken'
  }
  throw new Error('the reference server did not begin')
}

const http = (baseUrl: string, more: Partial<HttpToolsConfig> = {}): HttpToolsConfig => ({
  id: 'plain',
  kind: 'http',
  baseUrl,
  functions: (['text', 'json', 'image', 'empty', 'broken', 'latin', 'away', 'hangs', 'dies', 'floods'] as const).map(
    (name) => ({
      name,
      description: name,
      parameters: { type: 'object' },
      method: name === 'json' ? 'POST' : 'GET',
      path: `/${name}`,
    }),
  ),
  timeoutMs: 15_000,
  resultBytes: 4096,
  ...more,
})

const listener: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://x')
  const send = (status: number, type: string, body: string | Uint8Array): void => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }
  switch (pathname) {
    case '/api/text':
      return send(200, 'text/plain; charset=utf-8', `${request.url} ${request.headers.authorization}`)
    case '/api/json':
      response.writeHead(200, { 'content-type': 'application/problem+json' })
      request.pipe(response)
      return
    case '/api/image':
      return send(200, 'image/png', Uint8Array.of(1, 2, 3))
    case '/api/empty':
      response.writeHead(204).end()
      return
    case '/api/broken':
      return send(500, 'text/plain', 'it broke')
    case '/api/latin':
      return send(200, 'text/plain', Uint8Array.of(0xe9))
    case '/api/away':
      response.writeHead(302, { location: 'https://example.com/' }).end()
      return
    case '/api/dies':
      request.socket.destroy()
      return
    case '/api/floods':
      return send(200, 'text/plain', 'x'.repeat(5 << 20))
    default:
      return
  }
}

describe('functions behind plain HTTP', () => {
  it('are called with arguments in the query or the body, and give text, or what is there', async () => {
    const { origin: base } = await origin(listener, { identity })
    const server = await start(http(`${base}/api`, { apiKeyEnv: 'TOKEN', spki: identity.spki }))
    const call = (name: string, args = {}): Promise<object> => server.call(name, args, { signal: never })
    expect(await call('text', { q: 'a b&c', n: 2, list: [1] })).toEqual({
      content: '/api/text?q=a+b%26c&n=2&list=%5B1%5D Bearer tok-1',
      outcome: 'ok',
      identity: identity.spki,
    })
    expect(await call('json', { q: 'é' })).toMatchObject({ content: '{"q":"é"}', outcome: 'ok' })
    expect(await call('image')).toMatchObject({ content: '[image/png, 3 octets]', outcome: 'ok' })
    expect(await call('empty')).toMatchObject({ content: '', outcome: 'ok' })
    expect(await call('broken')).toMatchObject({ content: 'HTTP 500\nit broke', outcome: 'error' })
    expect(await call('latin')).toMatchObject({ outcome: 'error', identity: identity.spki })
    expect(await call('away')).toMatchObject({
      content: 'The call was refused: the server sends to another address.',
      outcome: 'refused',
    })
    expect(await call('dies')).toMatchObject({ outcome: 'error', identity: 'none' })
    expect(await call('floods')).toMatchObject({ outcome: 'error' })
    expect(await call('unknown')).toMatchObject({ outcome: 'refused' })
  })

  it('behind another key than the pinned one are not called', async () => {
    let requests = 0
    const { origin: base } = await origin(
      () => {
        requests += 1
      },
      { identity },
    )
    const server = await start(http(base, { spki: other.spki }))
    expect(await server.call('text', {}, { signal: never })).toEqual({
      content: 'The call was refused: the server has another key than the configuration says.',
      outcome: 'refused',
      identity: 'none',
    })
    expect(requests).toBe(0)
  })

  it('that give no answer are given up, by their time and by whoever called', async () => {
    const { origin: base } = await origin(listener)
    const server = await start(http(`${base}/api`, { timeoutMs: 300 }))
    expect(await server.call('hangs', {}, { signal: never })).toMatchObject({ outcome: 'timeout' })
    const patient = await start(http(`${base}/api`))
    const caller = new AbortController()
    const call = patient.call('hangs', {}, { signal: caller.signal })
    caller.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
  })

  it('are pinned by the configuration: where they are, and what is said of them', async () => {
    const one = await start(http('http://127.0.0.1:9'))
    const [first, ...rest] = http('').functions
    if (first === undefined) throw new Error('there is no function')
    const said = await start(http('http://127.0.0.1:9', { functions: [{ ...first, description: 'other' }, ...rest] }))
    const moved = await start(http('http://127.0.0.1:10'))
    expect(new Set([one.digest, said.digest, moved.digest]).size).toBe(3)
    await expect(openToolServer(http('http://127.0.0.1:9', { apiKeyEnv: 'ABSENT' }), deps())).rejects.toMatchObject({
      message: expect.stringContaining('ABSENT'),
    })
  })
})
