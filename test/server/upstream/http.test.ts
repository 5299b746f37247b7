import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { applySplices } from '../../../src/core/transform/splice.ts'
import { closedPort } from '../../kit/free-ports.ts'
import { chatRequest, httpUpstream, readAll, readUntilFailure, reasonOf, served } from './http-fixture.ts'
import * as answers from './mock-answers.ts'
import { createGate, type MockUpstream, type Script, startMockUpstream } from './mock-upstream.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function mock(script: Script | (() => Script)): Promise<MockUpstream> {
  const upstream = await startMockUpstream(() => (typeof script === 'function' ? script() : script))
  open.push(upstream)
  return upstream
}

function connect(...args: Parameters<typeof httpUpstream>): ReturnType<typeof httpUpstream> {
  const upstream = httpUpstream(...args)
  open.push(upstream)
  return upstream
}

describe('octets', () => {
  it('go to the server and come back as they are', async () => {
    let answer: Uint8Array = new Uint8Array(0)
    const server = await mock(() => answers.content(answer))
    const upstream = connect(server.origin)
    const octets = fc.uint8Array({ minLength: 1, maxLength: 5_000 })
    await fc.assert(
      fc.asyncProperty(octets, octets, async (asked, given) => {
        answer = given
        const { body, status } = await upstream.send(chatRequest(asked))
        expect(Buffer.compare(await readAll(body), given)).toBe(0)
        expect(status).toBe(200)
        const { body: seen } = server.received.at(-1) ?? { body: new Uint8Array(0) }
        expect(Buffer.compare(seen, asked)).toBe(0)
      }),
      { numRuns: 100 },
    )
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  it('of a stream come whole, however it is cut into chunks', async () => {
    let sizes: readonly number[] = []
    const server = await mock(() => answers.sse(answers.CHAT_STREAM, sizes))
    const upstream = connect(server.origin)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 6 }), async (cut) => {
        sizes = cut
        const { body, mediaType } = await upstream.send(chatRequest())
        expect(mediaType).toBe('text/event-stream; charset=utf-8')
        expect(Buffer.from(await readAll(body)).toString()).toBe(answers.CHAT_STREAM)
      }),
      { numRuns: 30 },
    )
  })

  it('arrive one by one as the server writes them', async () => {
    const first = createGate()
    const second = createGate()
    const server = await mock(
      answers.gated([
        ['data: 1\n\n', first.opened],
        ['data: 2\n\n', second.opened],
      ]),
    )
    const { body } = await connect(server.origin).send(chatRequest())
    const reader = body[Symbol.asyncIterator]()
    first.open()
    expect(Buffer.from((await reader.next()).value).toString()).toBe('data: 1\n\n')
    second.open()
    expect(Buffer.from((await reader.next()).value).toString()).toBe('data: 2\n\n')
    expect((await reader.next()).done).toBe(true)
  })
})

describe('a request', () => {
  it('carries the headers that it needs and no others', async () => {
    const server = await mock(answers.json({}))
    const upstream = connect(`${server.origin}/base`, { env: { TOKEN: 'secret-token' }, apiKeyEnv: 'TOKEN' })
    await readAll((await upstream.send(chatRequest('{"a":1}'))).body)
    const request = await server.request(0)
    expect(request.path).toBe('/base/v1/chat/completions')
    expect(Object.fromEntries(request.headers)).toEqual({
      host: `127.0.0.1:${server.port}`,
      connection: 'keep-alive',
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      'user-agent': 'countersign',
      authorization: 'Bearer secret-token',
      'content-type': 'application/json',
      'content-length': '7',
    })
  })

  it.each([
    '//evil.example/v1',
    '/v1/../admin',
    '/v1/./x',
    '/v1//x',
    '/v1/x?y',
    '/v1/x#y',
    '/v1/%2e%2e/x',
    '/v1/..',
    'http://evil.example/v1/x',
    '/v1/@evil',
    '/v1',
    '/v1/a b',
    '/v1/a\r\nx: y',
  ])('with the path %j is refused before anything is sent', async (path) => {
    const server = await mock(answers.json({}))
    await expect(connect(server.origin).send({ ...chatRequest(), path })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_USAGE' }),
    )
    expect(server.connections).toBe(0)
  })

  it.each([undefined, '', 'two words', 'line\nbreak'])('needs its token when it is made (%j)', (value) => {
    expect(() => httpUpstream('http://127.0.0.1:1', { env: { TOKEN: value }, apiKeyEnv: 'TOKEN' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('TOKEN') }),
    )
  })

  it('for another name of the model differs in exactly those octets', () => {
    const upstream = httpUpstream('http://127.0.0.1:1')
    const body = Buffer.from('{ "x" : [1e2, "é"],\t"\\u006dodel" :"org/m" ,"y":{"model":"org/m"}}')
    const splices = upstream.transforms(body, served('org/m', 'local "m"'))
    expect(Buffer.from(applySplices(body, splices)).toString()).toBe(
      '{ "x" : [1e2, "é"],\t"\\u006dodel" :"local \\"m\\"" ,"y":{"model":"org/m"}}',
    )
    expect(splices.map(({ role }) => role)).toEqual(['model'])
    expect(upstream.transforms(body, served('org/m', 'org/m'))).toEqual([])
    expect(() => upstream.transforms(Buffer.from('{"a":1}'), served('a', 'b'))).toThrow(
      expect.objectContaining({ failure: 'TRANSFORM_MISMATCH' }),
    )
    expect(() => upstream.transforms(Buffer.from('{"model":"a","model":"b"}'), served('a', 'b'))).toThrow(
      expect.objectContaining({ failure: 'JSON_DUPLICATE_KEY' }),
    )
  })
})

describe('an answer', () => {
  it.each([200, 204, 400, 401, 404, 429, 500, 503])('with status %i is an answer', async (status) => {
    const server = await mock([answers.head(status, { 'content-length': 0 })])
    const answer = await connect(server.origin).send(chatRequest())
    expect([answer.status, answer.mediaType]).toEqual([status, 'application/octet-stream'])
    expect(await readAll(answer.body)).toHaveLength(0)
  })

  it('tells of the host', async () => {
    const server = await mock(answers.json({}))
    expect((await connect(server.origin).send(chatRequest())).peer).toEqual({ host: `127.0.0.1:${server.port}` })
  })

  it.each([
    ['a redirect', 'protocol', answers.redirect('http://127.0.0.1:1/')],
    ['a content-coding', 'protocol', answers.gzip()],
    ['two content types', 'protocol', raw('content-type: a/b\r\ncontent-type: c/d\r\ncontent-length: 0\r\n')],
    ['a content type that is no text', 'protocol', raw('content-type: a/\u00e9\r\ncontent-length: 0\r\n')],
    ['two lengths', 'protocol', raw('content-length: 1\r\ncontent-length: 2\r\n')],
    ['length and chunks', 'protocol', raw('content-length: 1\r\ntransfer-encoding: chunked\r\n')],
    ['no HTTP', 'protocol', [{ write: Buffer.from('SSH-2.0-x\r\n') }, 'end'] satisfies Script],
    ['a huge head', 'protocol', raw(`x: ${'a'.repeat(20_000)}\r\n`)],
    ['an upgrade', 'protocol', [answers.head(101, { upgrade: 'x', connection: 'upgrade' })] satisfies Script],
    [
      'a flood of informational answers',
      'protocol',
      [...Array(20).fill(answers.head(103, {})), 'hang'] satisfies Script,
    ],
    ['nothing', 'protocol', ['end'] satisfies Script],
    ['a reset', 'protocol', ['reset'] satisfies Script],
    ['a length beyond the limit', 'too-large', raw('content-length: 2000000\r\n')],
  ])('with %s fails as %s', async (_, reason, script) => {
    const server = await mock(script)
    const upstream = connect(server.origin, { answerBytes: 1_000_000 })
    expect(await reasonOf(() => upstream.send(chatRequest('{"prompt":"canary"}')))).toBe(reason)
  })

  it.each([
    ['a length that lies', 'protocol', answers.truncatedLength(), '{"id":'],
    ['a reset', 'protocol', answers.resetMidStream(), answers.CUT_STREAM],
    ['an end amid chunks', 'protocol', [...answers.sseHead(), ...answers.chunked([Buffer.from('x')]), 'end'], 'x'],
    ['a bad chunk', 'protocol', [...answers.sseHead(), { write: Buffer.from('zz\r\n') }], ''],
  ] satisfies [string, string, Script, string][])(
    'that breaks off by %s fails as %s',
    async (_, reason, script, came) => {
      const server = await mock(script)
      const { body } = await connect(server.origin).send(chatRequest())
      const end = await readUntilFailure(body)
      expect(end.reason).toBe(reason)
      expect(Buffer.from(end.octets).toString()).toBe(came)
    },
  )

  it('beyond the limit is cut, and the server is left', async () => {
    const server = await mock(answers.hugeLine(1 << 30))
    const { body } = await connect(server.origin, { answerBytes: 1 << 20 }).send(chatRequest())
    const { octets, reason } = await readUntilFailure(body)
    expect(reason).toBe('too-large')
    expect(octets.length).toBeLessThanOrEqual(1 << 20)
    await (await server.request(0)).gone
    expect(server.produced).toBeLessThan(64 << 20)
  })

  it('to nobody is unreachable', async () => {
    const port = await closedPort()
    expect(await reasonOf(() => connect(`http://127.0.0.1:${port}`).send(chatRequest()))).toBe('unreachable')
  })

  it('never puts octets of the exchange into an error', async () => {
    const server = await mock([{ write: Buffer.from('HTTP/1.1 canary-answer\r\n\r\n') }, 'end'])
    const upstream = connect(server.origin, { env: { T: 'canary-token' }, apiKeyEnv: 'T' })
    const error = await upstream.send(chatRequest('{"p":"canary-prompt"}')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_UPSTREAM', reason: 'protocol' })
    const shown = error instanceof Error ? [error.message, error.stack, String(error.cause), JSON.stringify(error)] : []
    expect(shown.join('\n')).not.toContain('canary')
  })

  it('after which the connection is used again', async () => {
    const server = await mock(answers.sse(answers.CHAT_STREAM))
    const upstream = connect(server.origin)
    for (let i = 0; i < 5; i++) await readAll((await upstream.send(chatRequest())).body)
    // A connection rests for one turn of the event loop before it is used again.
    expect(server.connections).toBeLessThanOrEqual(2)
    const all = await Promise.all(Array.from({ length: 4 }, () => upstream.send(chatRequest())))
    for (const { body } of all) await readAll(body)
    expect(server.connections).toBeGreaterThanOrEqual(4)
  })
})

describe('health', () => {
  it('asks once in five seconds', async () => {
    let now = 0
    const server = await mock(answers.json({ data: [] }))
    const upstream = connect(server.origin, { monotonicMs: () => now })
    expect(await Promise.all([upstream.healthy(), upstream.healthy()])).toEqual([true, true])
    now = 4_999
    await upstream.healthy()
    expect(server.received).toHaveLength(1)
    now = 5_000
    await upstream.healthy()
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/models', 'GET /v1/models'])
  })

  it('asks for /health where there is no list of models', async () => {
    const server = await startMockUpstream(({ path }) => answers.json({}, path === '/health' ? 200 : 404))
    open.push(server)
    expect(await connect(server.origin).healthy()).toBe(true)
  })

  it.each([401, 404, 500, 503])('is bad with status %i', async (status) => {
    expect(await connect((await mock(answers.json({}, status))).origin).healthy()).toBe(false)
  })

  it('is bad with nobody there', async () => {
    expect(await connect(`http://127.0.0.1:${await closedPort()}`).healthy()).toBe(false)
  })
})

function raw(headers: string): Script {
  return [{ write: Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n`, 'latin1') }, 'hang']
}
