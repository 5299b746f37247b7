import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import { createDefaultConfig, type MeasuredConfig } from '../../../src/server/config/index.ts'
import { NO_DEPENDENCIES } from '../../../src/server/upstream/dependencies.ts'
import { createUpstreams, type UpstreamDeps, type UpstreamSet } from '../../../src/server/upstream/index.ts'
import { requestDependencies } from '../../../src/server/upstream/request-dependencies.ts'
import { closedPort } from '../../kit/free-ports.ts'
import { chatRequest, readAll } from './http-fixture.ts'
import * as answers from './mock-answers.ts'
import { startMockUpstream } from './mock-upstream.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

const deps: UpstreamDeps = {
  clock: { now: () => new Date(1_790_000_000_000), monotonicMs: () => 0 },
  random: (size) => new Uint8Array(size),
  env: {},
}

async function create(config: MeasuredConfig, more: Partial<UpstreamDeps> = {}): Promise<UpstreamSet> {
  const set = await createUpstreams(config, { ...deps, ...more })
  open.push(set)
  return set
}

function withHttp(baseUrl: string, apiKeyEnv?: string): MeasuredConfig {
  const { measured } = createDefaultConfig()
  const timeouts = { connectMs: 1_000, firstByteMs: 1_000, idleMs: 1_000, totalMs: 1_000 }
  return {
    ...measured,
    models: [
      { id: 'org/m', upstream: 'server', name: 'm', digest: `sha256:${'1'.repeat(64)}` },
      ...measured.models,
      { id: 'other', upstream: 'server', name: 'other', digest: 'none' },
    ],
    upstreams: {
      ...measured.upstreams,
      server: { kind: 'http', location: 'local', baseUrl, timeouts, ...(apiKeyEnv === undefined ? {} : { apiKeyEnv }) },
    },
  }
}

describe('createUpstreams', () => {
  it('serves the models of the configuration, in its order', async () => {
    const server = await startMockUpstream(() => answers.json(answers.CHAT_COMPLETION))
    open.push(server)
    const set = await create(withHttp(server.origin))
    expect(set.models().map(({ id, claim, upstream, created }) => [id, claim.name, upstream, created])).toEqual([
      ['org/m', 'm', 'local', 1_790_000_000],
      ['countersign-demo-2m', 'countersign-demo-2m', 'embedded', 1_790_000_000],
      ['other', 'other', 'local', 1_790_000_000],
    ])
    expect(set.find('org/m')?.model.claim.digest).toBe(`sha256:${'1'.repeat(64)}`)
    expect(set.find('countersign-demo-2m')?.model.claim.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(set.find('m')).toBeUndefined()
    expect(set.find('org/m')?.upstream).toBe(set.find('other')?.upstream)
    const { body } = (await set.find('org/m')?.upstream.send(chatRequest())) ?? { body: [] }
    expect(JSON.parse(Buffer.from(await readAll(toAsync(body))).toString())).toEqual(answers.CHAT_COMPLETION)
    expect(await set.healthy()).toBe(true)
  })

  it('is not healthy when one upstream is not', async () => {
    expect(await (await create(withHttp(`http://127.0.0.1:${await closedPort()}`))).healthy()).toBe(false)
    expect(await (await create(createDefaultConfig().measured)).healthy()).toBe(true)
  })

  it.each([
    ['a token that is not there', withHttp('http://127.0.0.1:1', 'TOKEN'), 'TOKEN'],
    ['another name of the embedded model', embedded({ name: 'big' }), 'has the name countersign-demo-2m'],
    ['other weights than the configuration says', embedded({ digest: `sha256:${'0'.repeat(64)}` }), 'another digest'],
  ])('refuses %s', async (_, config, message) => {
    await expect(createUpstreams(config, deps)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining(message) }),
    )
  })

  it('refuses a folder without the model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
    open.push({ close: async () => rmSync(folder, { recursive: true }) })
    await expect(createUpstreams(createDefaultConfig().measured, { ...deps, modelDirectory: folder })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
  })

  it('loads no model that nobody serves', async () => {
    const config = withHttp('http://127.0.0.1:1')
    const { server } = config.upstreams
    const only = {
      ...config,
      models: config.models.filter(({ upstream }) => upstream === 'server'),
      upstreams: { server },
    }
    await create(JSON.parse(JSON.stringify(only)), { modelDirectory: '/nowhere' })
  })
})

describe('dependencies of an HTTP upstream', () => {
  it('are those that the request itself brings along', async () => {
    const { upstream, model } = (await create(withHttp('http://127.0.0.1:1'))).find('other') ?? {}
    const tools = '[ {"type":"function"} ]'
    const body = Buffer.from(
      `{"model":"other","messages":[{"role":"developer","content":"a"},{"role":"user","content":"b"},` +
        `{"role":"system","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]}],"tools": ${tools} ,"seed":5,"temperature":0.50,"stop":["a secret"],"reasoning_effort":"low","text":{"verbosity":"low"},"stream":true}`,
    )
    if (upstream === undefined || model === undefined) throw new Error('no such model')
    const dependencies = upstream.dependencies(body, model, body)
    const digest = (octets: Uint8Array): object => ({ digest: { sha256: encodeHex(sha256(octets)) } })
    expect(dependencies).toMatchObject({
      'system-prompt': [
        { name: 'messages[0]', ...digest(Buffer.from('a')) },
        { name: 'messages[2]', ...digest(Buffer.from('c\nd')) },
      ],
      'tool-definitions': [{ name: 'tools', ...digest(Buffer.from(tools)), annotations: { source: 'client' } }],
      'sampling-parameters': [
        {
          name: 'temperature=0.5 seed=5 stop=1 reasoning_effort=text text=object',
          ...digest(
            encodeJcs({
              reasoning_effort: 'low',
              seed: 5,
              stop: ['a secret'],
              temperature: 0.5,
              text: { verbosity: 'low' },
            }),
          ),
        },
      ],
      tokenizer: 'none',
      'chat-template': 'none',
    })
    const rolesOf = (text: string) => upstream.dependencies(Buffer.from(text), model, Buffer.from(text))
    expect(rolesOf('no json')['system-prompt']).toBe('none')
    expect(() => rolesOf('{"stop":"\\ud800"}')).toThrow(expect.objectContaining({ failure: 'JSON_LONE_SURROGATE' }))
  })
})

describe('dependencies of a request to /v1/responses', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const of = (request: string): object => requestDependencies(text(request))
  const named = (name: string, octets: string): object => ({
    name,
    digest: { sha256: encodeHex(sha256(text(octets))) },
  })

  it('are its instructions, its system input, and what it names of earlier state', () => {
    const found = of(
      '{"model":"m","instructions":"be brief","input":[{"role":"developer","content":[{"type":"input_text","text":"a"}]},{"role":"user","content":"b"}],' +
        '"previous_response_id": "resp_1","conversation":{"id": "c"},"prompt":{"id":"p","version":"2"},"max_output_tokens":5}',
    )
    expect(found).toMatchObject({
      'system-prompt': [named('instructions', 'be brief'), named('input[0]', 'a')],
      'memory-before': [named('previous_response_id', '"resp_1"'), named('conversation', '{"id": "c"}')],
      'prompt-template': [named('prompt', '{"id":"p","version":"2"}')],
      'sampling-parameters': [named('max_output_tokens=5', '{"max_output_tokens":5}')],
    })
  })

  it('are none of the texts that are to be completed or embedded', () => {
    for (const request of ['{"prompt":"Once"}', '{"input":["a","b"]}', '{"input":"a","previous_response_id":null}'])
      expect(of(request)).toEqual(NO_DEPENDENCIES)
  })
})

function embedded(change: { readonly name?: string; readonly digest?: string }): MeasuredConfig {
  const { measured } = createDefaultConfig()
  return { ...measured, models: measured.models.map((model) => ({ ...model, ...change })) }
}

async function* toAsync(body: AsyncIterable<Uint8Array> | readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* body
}
