/** How large receipts get: the most context that one request can have, with the longest names that anybody can choose. wire.md section 2. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { loadCollection } from '../../../src/retrieval/index.ts'
import { NO_DEPENDENCIES } from '../../../src/server/upstream/dependencies.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { json } from '../upstream/mock-answers.ts'
import { type MockUpstream, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'

const KEY = 'cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const sha = (text: string): string => digestUri(encodeUtf8(text))
const TEMPLATE = 'Answer {{ who }} in one line.'
const PROMPT = 'p'.repeat(128)
const VERSION = 'v'.repeat(64)
/** As long as a function's name may be, with that of its server. */
const SERVER = 's'.repeat(32)
const TOOL = 't'.repeat(30)
const FUNCTION = `${SERVER}__${TOOL}`

let gateway: TestGateway
let upstream: MockUpstream
let tool: Server
let folder: string
let answers: Script[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-sizes-'))
  const documents = join(folder, 'documents')
  const deep = join(documents, 'd'.repeat(200), 'e'.repeat(200))
  await mkdir(deep, { recursive: true })
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    await writeFile(
      join(deep, `${name.repeat(200)}.md`),
      `# ${name}\n\nWhat a quoted answer is, in document ${name}.\n`,
    )
  const ordinary = join(folder, 'ordinary')
  await mkdir(ordinary)
  for (const name of ['operating', 'verifying'])
    await writeFile(join(ordinary, `${name}.md`), `# ${name}\n\nWhat a quoted answer is, for ${name}.\n`)
  await writeFile(join(folder, 'prompt.liquid'), TEMPLATE)
  const { root } = await loadCollection(documents)
  tool = createServer((_request, response) => response.end('sunny'))
  await new Promise<void>((resolve) => tool.listen(0, '127.0.0.1', resolve))
  const address = tool.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const idle = json({ object: 'list', data: [] })
  upstream = await startMockUpstream(({ method }) => (method === 'POST' && answers.shift()) || idle)
  gateway = await startTestGateway({
    upstream: upstream.origin,
    apiKeys: `
    - { id: one, tenant: one, sha256: "${sha(KEY).slice('sha256:'.length)}", models: all }`,
    models: `    - id: ${'m'.repeat(128)}
      upstream: mock
      name: ${'n'.repeat(128)}
      digest: sha256:${'a'.repeat(64)}
      defaults: { temperature: 0.7, top_p: 0.95, top_k: 40, min_p: 0.05, seed: 42, frequency_penalty: 0.1, presence_penalty: 0.2 }
      rename: { max_completion_tokens: max_tokens }
      contextTokens: 32768
    - id: chat
      upstream: mock
      name: qwen3-8b
      digest: none
      defaults: { temperature: 0.7, top_p: 0.95 }
`,
    measured: `
  toolCalls: 8
  memory: {}
  prompts:
    - id: ${PROMPT}
      version: ${VERSION}
      file: ${JSON.stringify(join(folder, 'prompt.liquid'))}
      digest: ${sha(TEMPLATE)}
    - id: short
      version: "3"
      file: ${JSON.stringify(join(folder, 'prompt.liquid'))}
      digest: ${sha(TEMPLATE)}
  collections:
    - id: docs
      directory: ${JSON.stringify(ordinary)}
      root: ${(await loadCollection(ordinary)).root}
      maxCharacters: 1200
    - id: ${'c'.repeat(128)}
      directory: ${JSON.stringify(documents)}
      root: ${root}
      results: 6
  tools:
    - id: ${SERVER}
      kind: http
      baseUrl: http://127.0.0.1:${port}
      functions:
        - { name: ${TOOL}, description: Weather, parameters: { type: object }, method: GET, path: /today }
    - id: weather
      kind: http
      baseUrl: http://127.0.0.1:${port}
      functions:
        - { name: today, description: Weather, parameters: { type: object }, method: GET, path: /today }
`,
  })
  // Answers are given from the first quote on.
  const attested = await fetch(`${gateway.base}/attestation?nonce=${'A'.repeat(43)}&wait=10`)
  expect(attested.status).toBe(200)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  tool.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  answers = []
})

const RESPONSE = `chatcmpl-${'x'.repeat(119)}`
const completion = (message: object, finish: string, { id = RESPONSE, model = 'n'.repeat(128) } = {}): Script =>
  json({
    id,
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    usage: { prompt_tokens: 123_456, completion_tokens: 123_456, total_tokens: 246_912 },
  })
const call = (id: string, name = FUNCTION): object => ({ id, type: 'function', function: { name, arguments: '{}' } })

interface Sizes {
  readonly header: number
  readonly whole: number
  readonly travelling: readonly string[]
  /** Things that the answer relied on. */
  readonly named: number
}

async function sizes(fields: object, headers: Record<string, string> = {}): Promise<Sizes> {
  const authorization = `Bearer ${KEY}`
  const response = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', authorization },
    body: JSON.stringify(fields),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const header = response.headers.get('inference-receipt') ?? ''
  const rid = response.headers.get('inference-receipt-id')
  const found = await fetch(`${gateway.base}/receipts/${rid}`, { headers: { authorization } })
  const whole = await found.text()
  const { dependencies = NO_DEPENDENCIES } = decodeReceipt(whole).disclosed
  return {
    named: Object.values(dependencies).reduce((sum: number, list) => sum + (Array.isArray(list) ? list.length : 0), 0),
    header: header.length,
    whole: whole.length,
    travelling: Object.entries(decodeReceipt(header).disclosed).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    ),
  }
}

const QUESTION = { role: 'user', content: 'What is a quoted answer?' }
const MODEL = 'm'.repeat(128)
const prompt = { id: PROMPT, version: VERSION, variables: { who: 'Ada' } }
const search = (chunks: number): object => ({
  type: 'file_search',
  vector_store_ids: ['c'.repeat(128)],
  max_num_results: chunks,
})
const mcp = { type: 'mcp', server_label: SERVER }
const plain = { model: MODEL, max_completion_tokens: 10, messages: [QUESTION] }
const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `call_${at}`.padEnd(64, 'z'))
const calling = (...names: readonly string[]): Script =>
  completion({ content: null, tool_calls: names.map((id) => call(id)) }, 'tool_calls')
const done = completion({ content: 'Done.' }, 'stop')
const oneByOne = (count: number): Script[] => [...ids(count).map((id) => calling(id)), done]

const ORDINARY = {
  model: 'chat',
  tools: [
    { type: 'file_search', vector_store_ids: ['docs'], max_num_results: 2 },
    { type: 'mcp', server_label: 'weather' },
  ],
  store: true,
}

/** As many results as nobody brings, and as many orders. */
const brought = [
  ...Array.from({ length: 200 }, (_, at) => ({ role: 'system', content: `Order ${at}` })),
  { role: 'assistant', tool_calls: ids(200).map((id) => call(id.padEnd(200, 'x'), 'f'.repeat(200))) },
  ...ids(200).map((id) => ({ role: 'tool', tool_call_id: id.padEnd(200, 'x'), content: 'rain' })),
]
const ALL = { prompt, tools: [search(6), mcp], store: true }

describe('a receipt, where all names are as long as they may be', () => {
  it.each<[string, Script[], object]>([
    ['a question alone, with seven defaults', [done], {}],
    ['a prompt and a chunk', [done], { prompt, tools: [search(1)] }],
    ['two calls', oneByOne(2), { tools: [mcp] }],
  ])('is within 8 KiB: %s', async (_title, script, fields) => {
    answers = [...script]
    const { whole, header } = await sizes({ ...plain, ...fields }, { 'inference-receipt-prev': sha('x') })
    expect(whole).toBeLessThanOrEqual(8 * 1024)
    expect(header).toBeLessThanOrEqual(6 * 1024)
  })

  it.each<[string, Script[], object]>([
    ['six chunks and a prompt', [done], { prompt, tools: [search(6)] }],
    ['eight calls at once', [calling(...ids(8)), done], { tools: [mcp] }],
    ['all there is', oneByOne(8), ALL],
    [
      'all there is, behind 200 results',
      [...oneByOne(7).slice(0, -1), calling(...ids(8)), done],
      { ...ALL, messages: brought },
    ],
    [
      '200 calls for the client',
      [completion({ tool_calls: ids(200).map((id) => call(id, 'mine')) }, 'tool_calls')],
      {},
    ],
  ])('fits its header, and is far from what verifiers refuse: %s', async (_title, script, fields) => {
    answers = [...script]
    const { whole, header, travelling } = await sizes({ ...plain, ...fields }, { 'inference-receipt-prev': sha('x') })
    expect(header).toBeLessThanOrEqual(6 * 1024)
    expect(travelling).toEqual(expect.arrayContaining(['request', 'response']))
    expect(whole).toBeLessThanOrEqual(32 * 1024)
  })
})

describe('a receipt of ordinary names', () => {
  it('is within 8 KiB with eight dependencies, and travels whole but for those', async () => {
    const own = { id: 'chatcmpl-Ab3dEf6hIj9kLm2nOp5qRs8tUvWxY', model: 'qwen3-8b' }
    const calls = [call('call_Ab3dEf6hIj9kLm2nOp5qRs8t', 'weather__today')]
    const turn = (): Script[] => [
      completion({ content: null, tool_calls: calls }, 'tool_calls', own),
      completion({ content: 'Done.' }, 'stop', own),
    ]
    answers = turn()
    await sizes({ ...ORDINARY, messages: [QUESTION] })
    answers = turn()
    const fields = { ...ORDINARY, messages: [QUESTION], previous_response_id: own.id }
    const { whole, header, travelling, named } = await sizes(fields)
    expect(named).toBeGreaterThanOrEqual(8)
    expect(whole).toBeLessThanOrEqual(8 * 1024)
    expect(header).toBeLessThanOrEqual(6 * 1024)
    expect(travelling).toEqual(['request', 'forwarded', 'response'])
  })
})
