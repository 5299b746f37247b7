/**
 * Nothing of a prompt, document, conversation, tool or answer leaves a gateway but to those that it is for: a real process, with distinct words
 * in every place, and all that it prints, writes to its disk and tells strangers searched for each of them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { loadCollection } from '../../../src/retrieval/index.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import { measureToolServer } from '../../../src/tools/index.ts'
import { json } from '../upstream/mock-answers.ts'
import { type MockUpstream, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'

const MAIN = resolve('dist/cli/main.js')
const MCP = fileURLToPath(new URL('../../tools/servers/canary-stdio.mjs', import.meta.url))

/** One word for each place. No word is part of another one. */
const word = (place: string): string => `Kanari${place}7f3a91`
const C = {
  template: word('Vorlage'),
  variable: word('Variable'),
  chunk: word('Absatz'),
  question: word('Frage'),
  memory: word('Gedaechtnis'),
  system: word('Weisung'),
  argument: word('Argument'),
  definition: word('Werkzeug'),
  result: word('Ergebnis'),
  fault: word('Fehler'),
  broken: word('Bruch'),
  http: word('Wetter'),
  httpFault: word('Wetterfehler'),
  stderr: word('Rauschen'),
  garbage: word('Unsinn'),
  env: word('Umgebung'),
  bearer: word('Traeger'),
  answer: word('Antwort'),
  responseId: word('Kennung'),
  upstream: word('Oberlauf'),
  header: word('Kopfzeile'),
  clientTool: word('Eigenes'),
  clientResult: word('Mitgebracht'),
  apiKey: `cs_${word('Schluessel')}`,
  config: word('Einstellung'),
} as const

/** As octets can hide a word: as it is, in hexadecimal, and within Base64 at each of its three places. */
function spellings(text: string): readonly string[] {
  const octets = Buffer.from(text)
  const inner = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), octets])
      .toString('base64')
      .replace(/=+$/, '')
    return whole.slice(Math.ceil((shift * 4) / 3), -2)
  })
  const url = inner.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))
  return [text, octets.toString('hex'), octets.toString('hex').toUpperCase(), ...new Set([...inner, ...url])]
}
const NEEDLES = Object.entries(C).flatMap(([place, text]) => spellings(text).map((needle) => ({ place, needle })))

/** Places whose word is in what was said. */
function found(said: Uint8Array | string): readonly string[] {
  const octets = Buffer.from(said)
  return [...new Set(NEEDLES.filter(({ needle }) => octets.includes(needle)).map(({ place }) => place))]
}

const ENV = {
  PATH: process.env['PATH'] ?? '',
  CANARY_DEFINITION: C.definition,
  CANARY_RESULT: C.result,
  CANARY_FAULT: C.fault,
  CANARY_STDERR: C.stderr,
  CANARY_GARBAGE: C.garbage,
  CANARY_BROKEN: C.broken,
  CANARY_ENV: C.env,
  CANARY_BEARER: C.bearer,
}
const VARIABLES = Object.keys(ENV).filter((name) => name.startsWith('CANARY_') && name !== 'CANARY_BEARER')
const TEMPLATE = `${C.template}: help {{ who }}.`
const OTHER_KEY = 'cs_someone_else_4711'

interface Process {
  readonly child: ChildProcess
  /** What it printed, on both ways. */
  readonly said: () => string
  readonly ended: Promise<unknown>
}

let folder: string
let upstream: MockUpstream
let weather: Server
let answers: Script[] = []
const running: Process[] = []

function serve(config: string): Process {
  const child = spawn(process.execPath, [MAIN, 'serve', '--simulated', '-c', config], {
    env: ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const parts: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (octets: Buffer) => parts.push(octets))
  const one = { child, said: () => Buffer.concat(parts).toString(), ended: once(child, 'close') }
  running.push(one)
  return one
}

/** Its address, once it has printed it. */
async function baseOf({ child, said, ended }: Process): Promise<string> {
  const listening = new Promise<string>((heard) =>
    child.stdout?.on('data', () => {
      const [, url] = /listening on (\S+)\n/.exec(said()) ?? []
      if (url !== undefined) heard(url)
    }),
  )
  return Promise.race([listening, ended.then(() => Promise.reject(new Error(said())))])
}

interface Parts {
  readonly args?: readonly string[]
  readonly more?: string
  readonly template?: string
  readonly data: string
}

async function writeConfig({ args = [MCP], more = '', template = TEMPLATE, data }: Parts): Promise<string> {
  const prompt = join(folder, `${data}.liquid`)
  await writeFile(prompt, template)
  const files = [{ path: MCP, digest: digestUri(await readFile(MCP)) }]
  const documents = join(folder, 'documents')
  const address = weather.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const common = { command: process.execPath, env: VARIABLES, files, timeoutMs: 15_000, resultBytes: 4096 }
  const { server } = await measureToolServer(
    { ...common, id: 'small', kind: 'mcp-stdio', args: [MCP], tools: digestUri(encodeUtf8('')) },
    { env: ENV, monotonicMs: () => performance.now() },
  )
  await server.close()
  const path = join(folder, `${data}.yaml`)
  await writeFile(
    path,
    `measured:
  host: gw.example.com
  models: [{ id: mock, upstream: mock, name: served }]
  upstreams: { mock: { kind: http, location: local, baseUrl: "${upstream.origin}", apiKeyEnv: CANARY_BEARER } }
  prompts: [{ id: short, version: "1", file: ${JSON.stringify(prompt)}, digest: "${digestUri(encodeUtf8(template))}" }]
  collections: [{ id: docs, directory: ${JSON.stringify(documents)}, root: "${(await loadCollection(documents)).root}" }]
  memory: {}
  toolCalls: 8
  tools:
    - ${JSON.stringify({ ...common, id: 'small', kind: 'mcp-stdio', args, tools: server.digest })}
    - id: weather
      kind: http
      baseUrl: http://127.0.0.1:${port}
      apiKeyEnv: CANARY_BEARER
      functions:
        - { name: today, description: "${C.definition}", method: GET, path: /today, parameters: { type: object, properties: { town: { type: string } } } }
        - { name: broken, description: "${C.definition}", method: POST, path: /broken, parameters: { type: object, properties: { town: { type: string } } } }
${more}operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${JSON.stringify(join(folder, data))}
  apiKeys:
    - { id: one, tenant: one, sha256: "${hashApiKey(C.apiKey)}", models: all }
    - { id: other, tenant: other, sha256: "${hashApiKey(OTHER_KEY)}", models: all }
  quoting: { intervalMs: 100 }
`,
  )
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-canary-'))
  await mkdir(join(folder, 'documents'))
  await writeFile(join(folder, 'documents', 'a.md'), `# Quotes\n\nWhat a quoted answer is: ${C.chunk}.\n`)
  weather = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.statusCode = request.url?.startsWith('/broken') ? 500 : 200
    response.end(response.statusCode === 500 ? `${C.httpFault} went wrong` : `${C.http} is sunny`)
  })
  await new Promise<void>((listening) => weather.listen(0, '127.0.0.1', listening))
  const idle = json({ object: 'list', data: [] })
  upstream = await startMockUpstream(({ method }) => (method === 'POST' && answers.shift()) || idle)
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  await upstream.close()
  weather.close()
  await rm(folder, { recursive: true })
})

const completion = (message: object, finish: string): Script =>
  json({
    id: C.responseId,
    object: 'chat.completion',
    created: 1,
    model: C.answer,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  })
const calling = (name: string, given: object = { text: C.argument }): Script =>
  completion(
    {
      content: C.answer,
      tool_calls: [{ id: `call_${name}`, type: 'function', function: { name, arguments: JSON.stringify(given) } }],
    },
    'tool_calls',
  )
const done = completion({ content: C.answer }, 'stop')

/** All that is written below a folder, by its path there. */
async function filesBelow(directory: string): Promise<readonly (readonly [string, Uint8Array])[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name)
        return [path.slice(directory.length), await readFile(path)] as const
      }),
  )
}

describe('the search', () => {
  it('finds a word in every spelling, wherever it begins', () => {
    for (const before of ['', ' ', '  ', '   '])
      for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const)
        expect(found(Buffer.from(`${before}${C.question}`).toString(encoding))).toEqual(['question'])
    expect(found('Kanari')).toEqual([])
  })
})

describe('a gateway that is given words to keep', () => {
  const TOOLS = [
    { type: 'file_search', vector_store_ids: ['docs'] },
    { type: 'mcp', server_label: 'small' },
    { type: 'mcp', server_label: 'weather' },
  ]
  const messages = [
    { role: 'system', content: C.system },
    { role: 'user', content: `What is a quoted answer, ${C.question}?` },
  ]

  it('tells them to model, tools and client, and nobody else finds one', async () => {
    const gateway = serve(await writeConfig({ data: 'data' }))
    const base = await baseOf(gateway)
    const post = (fields: object, key: string = C.apiKey): Promise<Response> =>
      fetch(`${base}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          'x-title': C.header,
          'user-agent': C.header,
        },
        body: JSON.stringify({ model: 'mock', messages, ...fields }),
      })
    const told: string[] = []
    const rids: string[] = []
    const statuses: number[] = []
    const ask = async (script: readonly Script[], fields: object): Promise<number> => {
      answers = [...script]
      const response = await post(fields)
      told.push(await response.text())
      statuses.push(response.status)
      rids.push(response.headers.get('inference-receipt-id') ?? '')
      return response.status
    }
    const prompt = { id: 'short', variables: { who: C.variable } }
    const calls = ['small__tell', 'small__fails', 'small__throws', 'small__noise', 'weather__today', 'weather__broken']
    const run = [
      ...calls.map((name) => calling(name, name.startsWith('weather') ? { town: C.argument } : { text: C.argument })),
      done,
    ]
    expect(await ask(run, { prompt, tools: TOOLS, store: true })).toBe(200)
    const memory = { role: 'user', content: C.memory }
    expect(await ask([done], { messages: [memory], previous_response_id: C.responseId })).toBe(200)
    // What can go wrong: a server dies, the model server says why and more, speaks no HTTP, calls what is not there, a request is no JSON.
    expect(await ask([calling('small__dies'), done], { tools: TOOLS })).toBe(200)
    const failure = { error: { message: `${C.upstream}: ${C.question} is too long`, code: C.upstream } }
    for (const status of [400, 401, 429, 500]) await ask([json(failure, status)], {})
    await ask([[{ write: Buffer.from(`HTTP/1.1 ${C.upstream}\r\n\r\n`) }, 'end']], {})
    await ask([json({ [C.upstream]: C.answer })], {})
    await ask([calling('small__nothing'), done], { tools: TOOLS })
    await ask([calling(C.clientTool)], { tools: [...TOOLS, { type: 'function', function: { name: C.clientTool } }] })
    const bringing = { role: 'tool', tool_call_id: C.clientTool, content: C.clientResult }
    const asking = {
      role: 'assistant',
      tool_calls: [{ id: C.clientTool, type: 'function', function: { name: C.clientTool, arguments: C.argument } }],
    }
    await ask([done], { messages: [...messages, asking, bringing] })
    await ask([], { prompt: { id: C.variable } })
    await ask([], { prompt: { id: 'short', variables: { [C.variable]: 1 } } })
    await ask([], { tools: [{ type: 'mcp', server_label: C.clientTool }] })
    await ask([], { model: C.question })
    await ask([], { messages: C.question })
    await fetch(`${base}/${C.question}?${C.question}`, { headers: { authorization: `Bearer ${C.apiKey}` } })
    await post({}, C.apiKey.slice(0, -1)).then((response) => response.text())

    // Each of these ways was gone.
    expect(statuses).toEqual([200, 200, 200, 400, 502, 429, 502, 502, 502, 200, 200, 200, 400, 400, 400, 404, 400])
    // They did come to those that they were for.
    const sent = Buffer.concat(upstream.received.map(({ body }) => Buffer.from(body)))
    const due = [
      'template',
      'variable',
      'chunk',
      'question',
      'memory',
      'system',
      'argument',
      'definition',
      'result',
      'http',
      'answer',
    ]
    expect(found(sent)).toEqual(expect.arrayContaining(due))
    expect(found(told.join('\n'))).toEqual(expect.arrayContaining(['answer', 'responseId', 'upstream']))

    const strangers: string[] = []
    const asOther = async (path: string, init: RequestInit = {}): Promise<void> => {
      const response = await fetch(`${base}${path}`, { ...init, headers: { authorization: `Bearer ${OTHER_KEY}` } })
      strangers.push(JSON.stringify([...response.headers]), await response.text())
    }
    for (const rid of rids) await asOther(`/receipts/${rid}`)
    await asOther(`/responses/${C.responseId}`, { method: 'DELETE' })
    await asOther('/models')
    await asOther(`/attestation?nonce=${'A'.repeat(43)}`)
    answers = [json(failure, 500)]
    const foreign = await post({ messages: [], previous_response_id: C.responseId }, OTHER_KEY)
    expect(foreign.status).toBe(400)
    strangers.push(await foreign.text())
    expect(found(strangers.join('\n'))).toEqual([])

    gateway.child.kill('SIGTERM')
    await gateway.ended
    expect(gateway.said()).toContain('"event":"request"')
    expect(found(gateway.said())).toEqual([])
    const files = await filesBelow(join(folder, 'data'))
    expect(files.length).toBeGreaterThan(10)
    expect(
      files.flatMap(([path, octets]) => [...found(path), ...found(octets)].map((place) => `${place}: ${path}`)),
    ).toEqual([])
  })

  it.each<[string, Omit<Parts, 'data'>]>([
    ['a template that does not parse', { template: `{{ ${C.template} | ` }],
    ['a template with a filter that there is not', { template: `${C.template} {{ x | ${C.variable} }}` }],
    ['a tool server that says no MCP', { args: [MCP, '--garbage'] }],
    ['a tool server that describes other tools', { args: [MCP, '--other'] }],
    ['a member that there is not', { more: `  unknown: ${C.config}\n` }],
    ['a value that is none', { more: `  limits: { bodyBytes: "${C.config}" }\n` }],
    ['text that is no YAML', { more: `  limits: { bodyBytes: "${C.config}\n` }],
  ])('ends at boot and says why without one: %s', async (_title, parts) => {
    const data = `boot-${running.length}`
    const gateway = serve(await writeConfig({ ...parts, data }))
    const [code] = await Promise.all([once(gateway.child, 'exit').then(([exit]) => exit), gateway.ended])
    expect(code).not.toBe(0)
    expect(gateway.said()).toMatch(/countersign: /)
    expect(found(gateway.said())).toEqual([])
  })
})
