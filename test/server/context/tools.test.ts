/** Tools of measured servers in a request: what the model is offered, what is refused, and what a call is in the receipt. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import { isJsonObject, type JsonObject } from '../../../src/core/encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { applySplices } from '../../../src/core/transform/splice.ts'
import type { ModelConfig } from '../../../src/server/config/types.ts'
import { loadTools, type PreparedTools, type Tools } from '../../../src/server/context/tools/tools.ts'
import type { ContextRequest, OfferedTools } from '../../../src/server/context/types.ts'
import { type McpStdioConfig, measureToolServer, type ToolDeps } from '../../../src/tools/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'

const SMALL = fileURLToPath(new URL('../../tools/servers/small-stdio.mjs', import.meta.url))
const never = new AbortController().signal
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const deps: ToolDeps = { env: {}, monotonicMs: () => performance.now() }
const model = (id: string, more: Partial<ModelConfig> = {}): ModelConfig => ({
  id,
  upstream: 'mock',
  name: id,
  digest: 'none',
  ...more,
})
const models = [model('plain'), model('alias', { tools: [{ server: 'small', allowed: ['echo'] }] })]

let config: McpStdioConfig
let tools: Tools
let echo: JsonObject
let fails: JsonObject

beforeAll(async () => {
  const digest = digestUri(new Uint8Array(await readFile(SMALL)))
  const unpinned: McpStdioConfig = {
    id: 'small',
    kind: 'mcp-stdio',
    command: process.execPath,
    args: [SMALL],
    env: [],
    files: [{ path: SMALL, digest }],
    tools: digest,
    timeoutMs: 15_000,
    resultBytes: 4096,
  }
  const { server } = await measureToolServer(unpinned, deps)
  await server.close()
  config = { ...unpinned, tools: server.digest }
  const definition = (tool: string): JsonObject => {
    const found = server.definitions.find(({ name }) => name === tool)
    if (found === undefined) throw new Error(`there is no ${tool}`)
    return { name: `small__${tool}`, description: found.description, parameters: found.inputSchema }
  }
  echo = definition('echo')
  fails = definition('fails')
  tools = await loadTools({ tools: [config], models, toolCalls: 3 }, deps)
})
afterAll(() => tools.close())

interface Asked extends PreparedTools {
  /** What the model is given. */
  readonly sent: string
}

function ask(text: string, { path = CHAT, modelId = 'plain', from = tools } = {}): Asked {
  const octets = encodeUtf8(text)
  const fields: unknown = JSON.parse(text)
  if (typeof fields !== 'object' || fields === null || !isJsonObject(fields)) throw new Error('no object')
  const edits = new JsonEdits(octets)
  const { signal } = new AbortController()
  const request: ContextRequest = {
    path,
    fields,
    modelId,
    edits,
    tenant: 'default',
    store: createMemoryStore(),
    signal,
  }
  const prepared = from.prepare(request)
  return { ...prepared, sent: decodeUtf8(applySplices(octets, edits.splices())) }
}

function offered({ tools: found }: PreparedTools): OfferedTools {
  if (found === undefined) throw new Error('no tools were offered')
  return found
}

const mcp = (more: object = {}): string => JSON.stringify({ type: 'mcp', server_label: 'small', ...more })
const two = mcp({ allowed_tools: ['fails', 'echo'] })

describe('tools of a measured server', () => {
  it('stand in a chat in place of what asked for them, in the order of their names', () => {
    const { sent, dependencies } = ask(`{"model":"m", "tools":[${two}],"messages":[]}`)
    const functions = [echo, fails].map((definition) => ({ type: 'function', function: definition }))
    expect(sent).toBe(`{"model":"m", "tools":${JSON.stringify(functions)},"messages":[]}`)
    expect(dependencies['tool-definitions']).toEqual([
      {
        name: 'small',
        digest: { sha256: config.tools.slice('sha256:'.length) },
        annotations: { scheme: 'jcs', role: 'tool-definitions', source: 'gateway' },
      },
    ])
  })

  it('are flat in responses', () => {
    const { sent } = ask(`{"tools":[${mcp({ allowed_tools: ['echo'], require_approval: 'never' })}],"input":"x"}`, {
      path: RESPONSES,
    })
    expect(JSON.parse(sent).tools).toEqual([{ type: 'function', ...echo }])
  })

  it('stand behind the functions of the client, of which each octet stays, and then there is one call at a time', () => {
    const own = '{"type":"function", "function":{"name":"mine"}}'
    const written = `[${own} ,${two}]`
    const { sent, dependencies } = ask(`{"tools":${written},"parallel_tool_calls":true,"messages":[]}`)
    expect(sent).toContain(own)
    const { tools: list, parallel_tool_calls: parallel } = JSON.parse(sent)
    expect(list.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'mine',
      'small__echo',
      'small__fails',
    ])
    expect(parallel).toBe(false)
    expect(dependencies['tool-definitions']).toMatchObject([
      {
        name: 'tools',
        digest: { sha256: digestUri(encodeUtf8(written)).slice('sha256:'.length) },
        annotations: { scheme: 'raw', source: 'client' },
      },
      { name: 'small' },
    ])
    expect(JSON.parse(ask(`{"tools":[${own},${two}]}`).sent).parallel_tool_calls).toBe(false)
    expect(ask(`{"tools":[${two}]}`).sent).not.toContain('parallel_tool_calls')
  })

  it.each([
    ['no list', '{"messages":[]}'],
    ['null', '{"tools":null,"messages":[]}'],
    ['an empty list', '{"tools":[],"messages":[]}'],
  ])('are brought by an alias to a request with %s', (_title, text) => {
    const asked = ask(text, { modelId: 'alias' })
    expect(JSON.parse(asked.sent).tools).toEqual([{ type: 'function', function: echo }])
    expect(offered(asked).owns('small__echo')).toBe(true)
    expect(offered(asked).owns('small__fails')).toBe(false)
    expect(offered(asked).maxCalls).toBe(3)
  })

  it('are not there where nobody asks for them, and then nothing is changed', () => {
    const text = '{"tools":[{"type":"function","function":{"name":"mine"}}],"messages":[]}'
    expect(ask(text)).toEqual({ dependencies: {}, sent: text })
  })

  it('are the matter of the model server where none are configured', async () => {
    const none = await loadTools({ models: [model('plain')] }, deps)
    const text = `{"tools":[${mcp({ server_url: 'https://x.example' })}],"messages":[]}`
    expect(ask(text, { from: none })).toEqual({ dependencies: {}, sent: text })
  })

  it('share the list with a search, and an emptied list goes with what chooses from it', () => {
    const search = '{"type":"file_search"}'
    const prepare = (list: string): string => {
      const octets = encodeUtf8(`{"tools":${list},"tool_choice":"auto","messages":[]}`)
      const edits = new JsonEdits(octets)
      edits.removeElements('tools', [0], 'retrieval-index')
      const fields = JSON.parse(decodeUtf8(octets))
      const { signal } = new AbortController()
      const store = createMemoryStore()
      tools.prepare({ path: CHAT, fields, modelId: 'plain', edits, tenant: 'default', store, signal })
      return decodeUtf8(applySplices(octets, edits.splices()))
    }
    expect(prepare(`[${search}]`)).toBe('{"messages":[]}')
    const both = JSON.parse(prepare(`[${search},${two}]`))
    expect(both.tools).toHaveLength(2)
    expect(both.tool_choice).toBe('auto')
    expect(both).not.toHaveProperty('parallel_tool_calls')
  })
})

describe('a request for tools is refused for', () => {
  it.each([
    ['an unknown server', { tools: [{ type: 'mcp', server_label: 'other' }] }, 'tools', 'tool_server_not_found'],
    [
      'an unknown tool',
      { tools: [{ type: 'mcp', server_label: 'small', allowed_tools: ['x'] }] },
      'tools',
      'tool_not_found',
    ],
    ['an address of its own', { tools: [{ type: 'mcp', server_label: 'small', server_url: 'https://x' }] }, 'tools'],
    ['no label', { tools: [{ type: 'mcp' }] }, 'tools'],
    ['an empty choice of tools', { tools: [{ type: 'mcp', server_label: 'small', allowed_tools: [] }] }, 'tools'],
    ['names that are none', { tools: [{ type: 'mcp', server_label: 'small', allowed_tools: [1] }] }, 'tools'],
    ['a tool twice', { tools: [{ type: 'mcp', server_label: 'small', allowed_tools: ['echo', 'echo'] }] }, 'tools'],
    ['an approval', { tools: [{ type: 'mcp', server_label: 'small', require_approval: 'always' }] }, 'tools'],
    ['a server twice', { tools: [JSON.parse(mcp()), JSON.parse(mcp())] }, 'tools'],
    [
      'a function with the name of a tool',
      { tools: [JSON.parse(mcp()), { type: 'function', function: { name: 'small__echo' } }] },
      'tools',
    ],
    ['several answers', { tools: [JSON.parse(mcp())], n: 2 }, 'n'],
    ['a number of calls that is none', { tools: [JSON.parse(mcp())], max_tool_calls: 0 }, 'max_tool_calls'],
  ])('%s', (_title, fields, param, code?: string) => {
    expect(() => ask(JSON.stringify(fields))).toThrow(expect.objectContaining({ name: 'ContextRefusal', param, code }))
  })

  it('a stream of responses, another API, and a server that the model brings already', () => {
    const text = `{"tools":[${mcp()}],"stream":true}`
    expect(() => ask(text, { path: RESPONSES })).toThrow(expect.objectContaining({ param: 'stream' }))
    expect(offered(ask(text)).owns('small__echo')).toBe(true)
    expect(() => ask(text, { path: '/v1/completions' })).toThrow('chat and responses')
    expect(() => ask(text, { modelId: 'alias' })).toThrow('given twice')
  })

  it('an alias whose tools are not there, at boot', async () => {
    const wrong = [model('wrong', { tools: [{ server: 'small', allowed: ['other'] }] })]
    await expect(loadTools({ tools: [config], models: wrong }, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('measured.models: wrong brings tools'),
    })
  })
})

describe('a call of a tool', () => {
  const call = (
    name: string,
    text: string,
  ): { readonly id: string; readonly name: string; readonly arguments: string } => ({
    id: 'call_1',
    name,
    arguments: text,
  })
  const textDigest = (text: string): string => digestUri(encodeUtf8(text))

  it('[R12] is recorded by digests of what the model wrote, was told of the tool, and was given', async () => {
    const offer = offered(ask(`{"tools":[${mcp()}]}`))
    const written = '{ "text":"h\\u0069", "times":2 }'
    const { record, content } = await offer.call(call('small__echo', written), never)
    expect(content).toBe('hihi')
    expect(record).toEqual({
      id: 'call_1',
      by: 'gateway',
      tool: 'small__echo',
      identity: digestUri(
        encodeJcs({ command: config.command, args: config.args, files: config.files.map((file) => ({ ...file })) }),
      ),
      schema: digestUri(encodeJcs(echo)),
      arguments: textDigest(written),
      result: textDigest('hihi'),
      outcome: 'ok',
      duration_ms: expect.any(Number),
    })
    expect(Number.isInteger(record.duration_ms)).toBe(true)
  })

  it.each([
    ['no JSON', '{"text":', 'no JSON object'],
    ['a list', '["x"]', 'no JSON object'],
    ['a key twice', '{"text":"a","text":"b"}', 'no JSON object'],
    ['a missing argument', '{}', 'The argument text is missing.'],
    ['nothing, where something is required', '', 'The argument text is missing.'],
    ['another type', '{"text":5}', 'The argument text must be of the type string.'],
    ['a fraction for an integer', '{"text":"a","times":1.5}', 'The argument times must be of the type integer.'],
  ])('with %s is not made: the model is told', async (_title, text, told) => {
    const { record, content } = await offered(ask(`{"tools":[${mcp()}]}`)).call(call('small__echo', text), never)
    expect(content).toContain(told)
    expect(record).toMatchObject({
      outcome: 'error',
      identity: 'none',
      schema: digestUri(encodeJcs(echo)),
      arguments: textDigest(text),
      result: textDigest(content),
    })
  })

  it('of what was not offered, or beyond the limit, is refused', async () => {
    const offer = offered(ask(`{"tools":[${mcp({ allowed_tools: ['fails'] })}],"max_tool_calls":1}`))
    expect(offer.maxCalls).toBe(1)
    expect((await offer.call(call('small__echo', '{"text":"x"}'), never)).record).toMatchObject({
      outcome: 'refused',
      schema: 'none',
      identity: 'none',
    })
    expect((await offer.call(call('small__fails', ''), never)).record).toMatchObject({ outcome: 'error' })
    expect(await offer.call(call('small__fails', '{}'), never)).toMatchObject({
      content: 'The tool was not called: this request has had all its calls.',
      record: { outcome: 'refused' },
    })
  })

  it('ends with the request', async () => {
    const offer = offered(ask(`{"tools":[${mcp()}]}`))
    const caller = new AbortController()
    const hanging = offer.call(call('small__hangs', '{}'), caller.signal)
    caller.abort(new Error('gone'))
    await expect(hanging).rejects.toThrow('gone')
  })
})
