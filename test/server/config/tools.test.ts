/** Tool servers in the configuration: what is filled in, and what is refused with its place. */
import { describe, expect, it } from 'vitest'
import { decodeConfig } from '../../../src/server/config/index.ts'

const ZERO = `sha256:${'0'.repeat(64)}`
const config = (tools: string, model = ''): string => `
measured:
  host: localhost
  models:
    - { id: countersign-demo-2m, upstream: embedded${model} }
  upstreams:
    embedded:
      kind: embedded
${tools}
operational:
  apiKeys: dangerously-none
`
const decode = (tools: string, model?: string): ReturnType<typeof decodeConfig> =>
  decodeConfig(config(tools, model), { env: {}, file: 'c.yaml' })
const stdio = (more = ''): string =>
  `{ id: clock, kind: mcp-stdio, command: /bin/clock, files: [{ path: /bin/clock, digest: "${ZERO}" }], tools: "${ZERO}"${more} }`
const remote = (url: string, more = ''): string => `{ id: far, kind: mcp-http, url: "${url}", tools: "${ZERO}"${more} }`
const plain = (type: string): string =>
  `{ id: plain, kind: http, baseUrl: "http://127.0.0.1:1", functions: [{ name: f, description: F., path: /f, parameters: { type: ${type} } }] }`

describe('tool servers of a configuration', () => {
  it('have bounds where none are written', () => {
    const { measured } = decode(`  tools: [${stdio()}, ${remote('https://t.example/mcp')}, ${plain('object')}]`)
    for (const server of measured.tools ?? []) expect(server).toMatchObject({ timeoutMs: 15_000, resultBytes: 32_768 })
    expect(measured.tools?.[0]).toMatchObject({ args: [], env: [] })
    expect(measured.tools?.[2]).toMatchObject({ functions: [{ method: 'POST' }] })
    expect(measured.toolCalls).toBeUndefined()
  })

  it.each([
    [
      'a command that is searched for',
      stdio().replace('command: /bin/clock', 'command: clock'),
      'tools[0].command: must be an absolute path',
    ],
    ['an id twice', `${stdio()}, ${stdio()}`, 'tools[1].id: is the id of an earlier tool server'],
    ['a variable of the gateway', stdio(', env: [COUNTERSIGN_X]'), 'tools[0].env[0]: must not begin with COUNTERSIGN_'],
    ['a far server in clear', remote('http://t.example/mcp'), 'tools[0].url: must begin with https://'],
    ['a password', remote('https://u:p@t.example/mcp'), 'tools[0].url: must hold no user or password'],
    ['another spelling', remote('https://T.example/mcp'), 'tools[0].url: must be written in its normal form'],
    ['a pin without a key', remote('http://127.0.0.1:1/mcp', `, spki: "${ZERO}"`), 'no key to pin'],
    [
      'arguments that are no object',
      plain('string'),
      'functions[0].parameters: must be a JSON Schema with type: object',
    ],
  ])('are refused with %s', (_title, servers, told) => {
    expect(() => decode(`  tools: [${servers}]`)).toThrow(told)
  })

  it('are refused where models bring others, or a bound has nothing to bound', () => {
    expect(() => decode(`  tools: [${stdio()}]`, ', tools: [{ server: other }]')).toThrow(
      'names no server of measured.tools',
    )
    expect(() => decode(`  tools: [${stdio()}]`, ', tools: [{ server: clock }, { server: clock }]')).toThrow(
      'named twice',
    )
    expect(() => decode('  toolCalls: 2')).toThrow('toolCalls: bounds calls of measured.tools')
    expect(() => decode(`  tools: [${stdio()}]\n  toolCalls: 9`)).toThrow('must be at most 8')
  })
})
