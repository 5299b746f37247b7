import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import { decodeDependencies } from '../../../src/core/receipt/disclosed.ts'
import { createEmbeddedUpstream, embeddedEngineClaim } from '../../../src/server/upstream/embedded.ts'
import {
  EMBEDDED_MODEL_DIRECTORY,
  type EmbeddedModel,
  loadEmbeddedModel,
} from '../../../src/server/upstream/embedded-model.ts'
import { EventBlocks } from '../../../src/server/upstream/event-blocks.ts'
import { inspectBlock } from '../../../src/server/upstream/event-reading.ts'
import { StreamProgress } from '../../../src/server/upstream/stream-progress.ts'
import type { ServedModel, Upstream } from '../../../src/server/upstream/types.ts'
import { chatRequest, readAll, readUntilFailure, reasonOf } from './http-fixture.ts'

interface Answer {
  readonly id: string
  readonly choices: readonly {
    readonly index: number
    readonly message: { readonly content: string; readonly tool_calls?: readonly { readonly id: string }[] }
    readonly logprobs: {
      readonly content: readonly { readonly token: string; readonly top_logprobs: readonly object[] }[]
    } | null
    readonly finish_reason: string
  }[]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
}

let loaded: EmbeddedModel
let upstream: Upstream
let model: ServedModel
beforeAll(async () => {
  loaded = await loadEmbeddedModel()
  upstream = createEmbeddedUpstream(loaded, {
    random: (size) => new Uint8Array(size).fill(0xab),
    now: () => new Date(1_790_000_000_999),
  })
  model = {
    id: loaded.model.name,
    claim: { name: loaded.model.name, digest: loaded.digest },
    engine: embeddedEngineClaim('0.1.0'),
    upstream: 'embedded',
    created: 0,
  }
})

const QUESTION = { role: 'user', content: 'What is a receipt?' } as const

/** What the model was not trained for, at the highest temperature: each draw shows. */
const WILD = { messages: [{ role: 'user', content: 'q7 zz 0 ?' }], temperature: 2, max_tokens: 16 } as const

function octets(members: object = {}): Uint8Array {
  return Buffer.from(
    JSON.stringify({ model: loaded.model.name, messages: [QUESTION], temperature: 0, max_tokens: 8, ...members }),
  )
}

async function ask(members: object = {}): Promise<Answer> {
  const { status, mediaType, body } = await upstream.send(chatRequest(octets(members)))
  expect([status, mediaType]).toEqual([200, 'application/json'])
  return JSON.parse(Buffer.from(await readAll(body)).toString())
}

/** The parsed events of a stream. */
async function stream(members: object = {}): Promise<{ readonly events: readonly Chunk[]; readonly text: string }> {
  const { status, mediaType, body } = await upstream.send(chatRequest(octets({ stream: true, ...members })))
  expect([status, mediaType]).toEqual([200, 'text/event-stream'])
  const text = Buffer.from(await readAll(body)).toString()
  expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
  const events = text
    .split('\n\n')
    .slice(0, -2)
    .map((block): Chunk => JSON.parse(block.slice('data: '.length)))
  return { events, text }
}

interface Chunk {
  readonly id: string
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly role?: string; readonly content?: string }
    readonly logprobs: object | null
    readonly finish_reason: string | null
  }[]
  readonly usage?: object | null
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('the embedded model', () => {
  it('is measured from its files', () => {
    const weights = readFileSync(`${EMBEDDED_MODEL_DIRECTORY}/model.safetensors`)
    expect(loaded.digest).toBe(`sha256:${digest(weights)}`)
    expect(embeddedEngineClaim('1.2.3')).toEqual({
      name: 'countersign-engine',
      version: '1.2.3',
      determinism: 'bit-exact',
      flags: 'none',
    })
  })

  it('is an error of the configuration where it is missing', async () => {
    await expect(loadEmbeddedModel('/nowhere')).rejects.toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })
})

describe('an answer', () => {
  it('has the form of a chat completion, exactly', async () => {
    const answer = await ask()
    const [choice] = answer.choices
    expect(answer).toEqual({
      id: 'chatcmpl-abababababababababababab',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: loaded.model.name,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: choice?.message.content, refusal: null },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: {
        prompt_tokens: answer.usage.prompt_tokens,
        completion_tokens: 8,
        total_tokens: answer.usage.prompt_tokens + 8,
      },
      system_fingerprint: `fp_${loaded.digest.slice(7, 19)}`,
    })
    expect(choice?.message.content.length).toBeGreaterThan(0)
  })

  it('is the same for the same octets, also without a seed', async () => {
    expect(await ask(WILD)).toEqual(await ask(WILD))
    const texts = await Promise.all([1, 2, 3, 4, 5].map((user) => ask({ ...WILD, user: String(user) })))
    expect(new Set(texts.map(({ choices }) => choices[0]?.message.content)).size).toBeGreaterThan(1)
  })

  it('follows its seed', async () => {
    const text = async (seed: number, user: string): Promise<string | undefined> =>
      (await ask({ ...WILD, seed, user })).choices[0]?.message.content
    expect(await text(1, 'a')).toBe(await text(1, 'b'))
    const seeds = await Promise.all([1, -2, 3, 2 ** 40, 5].map((seed) => text(seed, 'a')))
    expect(new Set(seeds).size).toBeGreaterThan(1)
  })

  it('has temperature 1 where none is given', async () => {
    const given = await ask({ temperature: 1, seed: 7, max_tokens: 12 })
    expect(await ask({ temperature: null, seed: 7, max_tokens: 12 })).toEqual(given)
  })

  it('has n choices, each drawn for itself', async () => {
    const { choices, usage } = await ask({ ...WILD, n: 4 })
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(new Set(choices.map(({ message }) => message.content)).size).toBeGreaterThan(1)
    expect(usage.prompt_tokens).toBe((await ask(WILD)).usage.prompt_tokens)
    expect(usage.completion_tokens).toBeGreaterThan(10)
  })

  it('ends before a stop string, and says so', async () => {
    const { choices } = await ask({ max_tokens: 200 })
    const whole = choices[0]?.message.content ?? ''
    const stop = whole.slice(9, 14)
    const cut = await ask({ max_tokens: 200, stop })
    expect(cut.choices[0]).toMatchObject({
      message: { content: whole.slice(0, whole.indexOf(stop)) },
      finish_reason: 'stop',
    })
    expect(await ask({ max_tokens: 200, stop: ['\u0001', stop] })).toMatchObject({ choices: cut.choices })
  })

  it('ends by itself, and says so', async () => {
    expect((await ask({ max_tokens: 400 })).choices[0]?.finish_reason).toBe('stop')
  })

  it('shows log-probabilities where they are asked for', async () => {
    const { choices } = await ask({ logprobs: true, top_logprobs: 3 })
    const content = choices[0]?.logprobs?.content ?? []
    expect(content).toHaveLength(8)
    expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content)
    for (const entry of content) expect(entry.top_logprobs).toHaveLength(3)
    expect((await ask({ logprobs: true })).choices[0]?.logprobs?.content[0]?.top_logprobs).toEqual([])
  })

  it('counts max_completion_tokens like max_tokens', async () => {
    expect(await ask({ max_tokens: null, max_completion_tokens: 8 })).toMatchObject({ usage: { completion_tokens: 8 } })
  })

  it.each([
    [
      'text parts, joined by a line feed',
      [{ role: 'user', content: 'a\nb' }],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    ],
    [
      'a developer as system',
      [{ role: 'system', content: 'x' }, QUESTION],
      [{ role: 'developer', content: 'x' }, QUESTION],
    ],
    [
      'an answer of ours sent back',
      [QUESTION, { role: 'assistant', content: 'A' }, QUESTION],
      [QUESTION, { role: 'assistant', content: 'A', refusal: null, tool_calls: [], annotations: [] }, QUESTION],
    ],
  ])('takes %s', async (_, plain, messages) => {
    expect(await ask({ messages })).toMatchObject({ ...(await ask({ messages: plain })) })
  })

  it('does not change for members that are known to change nothing', async () => {
    const neutral = {
      user: 'u',
      metadata: { a: 'b' },
      safety_identifier: 's',
      prompt_cache_key: 'p',
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      response_format: { type: 'text' },
      tools: [],
      tool_choice: 'none',
      modalities: ['text'],
      store: false,
      service_tier: 'auto',
      stream: false,
      functions: null,
    }
    expect(await ask({ ...neutral, seed: 1 })).toEqual(await ask({ seed: 1 }))
  })
})

describe('a stream', () => {
  it('says the same as the whole answer, token by token', async () => {
    const whole = await ask({ seed: 3, temperature: 0.8, max_tokens: 20 })
    const { events, text } = await stream({ seed: 3, temperature: 0.8, max_tokens: 20 })
    expect(new Set(events.map(({ id }) => id)).size).toBe(1)
    const choices = events.flatMap((event) => event.choices)
    expect(choices[0]).toEqual({
      index: 0,
      delta: { role: 'assistant', content: '' },
      logprobs: null,
      finish_reason: null,
    })
    expect(choices.at(-1)).toEqual({ index: 0, delta: {}, logprobs: null, finish_reason: 'length' })
    expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content)
    expect(choices.length).toBeGreaterThan(10)
    expect(events.every((event) => !('usage' in event))).toBe(true)
    const progress = new StreamProgress()
    for (const block of new EventBlocks(1 << 20).push(Buffer.from(text))) progress.note(inspectBlock(block))
    expect(progress).toMatchObject({ finished: true, done: true })
  })

  it('tells its usage where it is asked to', async () => {
    const { usage } = await ask()
    const { events } = await stream({ stream_options: { include_usage: true } })
    expect(events.at(-1)).toMatchObject({ choices: [], usage })
    for (const event of events.slice(0, -1)) expect(event.usage).toBeNull()
  })

  it('of n choices ends each of them', async () => {
    const { events } = await stream({ n: 3, temperature: 1.5 })
    const choices = events.flatMap((event) => event.choices)
    for (const index of [0, 1, 2]) {
      const own = choices.filter((choice) => choice.index === index)
      expect(own[0]?.delta.role).toBe('assistant')
      expect(own.filter(({ finish_reason }) => finish_reason !== null)).toHaveLength(1)
    }
  })

  it('carries log-probabilities with their tokens', async () => {
    const { events } = await stream({ logprobs: true, top_logprobs: 1 })
    expect(events.flatMap(({ choices }) => choices).filter(({ logprobs }) => logprobs !== null)).toHaveLength(8)
  })

  it('works only while it is read', async () => {
    const { body } = await upstream.send(chatRequest(octets({ stream: true, max_tokens: 400 })))
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    for (let i = 0; i < 50; i++) await setImmediate()
    await reader.return?.()
    expect((await reader.next()).done).toBe(true)
  })

  it('hands the event loop back between tokens', async () => {
    const { body } = await upstream.send(chatRequest(octets({ stream: true, max_tokens: 20 })))
    let turns = 0
    let done = false
    const count = async (): Promise<void> => {
      for (; !done; turns++) await setImmediate()
    }
    const counting = count()
    await readAll(body)
    done = true
    await counting
    expect(turns).toBeGreaterThanOrEqual(20)
  })
})

describe('an abort', () => {
  it('before the request', async () => {
    expect(await reasonOf(() => upstream.send(chatRequest(octets(), AbortSignal.abort())))).toBe('aborted')
  })

  it('while the whole answer is made', async () => {
    const controller = new AbortController()
    const sending = reasonOf(() => upstream.send(chatRequest(octets({ max_tokens: 900 }), controller.signal)))
    await setImmediate()
    controller.abort()
    // Each token hands the event loop back once: 900 of them would take as many turns.
    let turns = 0
    let done = false
    const ended = sending.finally(() => {
      done = true
    })
    for (; !done; turns++) await setImmediate()
    expect(await ended).toBe('aborted')
    expect(turns).toBeLessThan(10)
  })

  it('amid a stream', async () => {
    const controller = new AbortController()
    const { body } = await upstream.send(chatRequest(octets({ stream: true, max_tokens: 900 }), controller.signal))
    const reading = readUntilFailure(body)
    await setImmediate()
    controller.abort()
    expect((await reading).reason).toBe('aborted')
  })
})

describe('a request is refused for', () => {
  const message = (change: object): object => ({ messages: [{ ...QUESTION, ...change }] })
  it.each([
    ['a tool that is none', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['a call of something else than a function', { tools: [{ type: 'mcp', server_label: 'x' }] }, 'tools[0].type'],
    ['a choice of tools without any', { tool_choice: 'required' }, 'tool_choice'],
    ['functions', { functions: [{}] }, 'functions'],
    ['a response format', { response_format: { type: 'json_object' } }, 'response_format'],
    ['a bias', { logit_bias: { 5: 1 } }, 'logit_bias'],
    ['a frequency penalty', { frequency_penalty: 0.1 }, 'frequency_penalty'],
    ['a presence penalty', { presence_penalty: -1 }, 'presence_penalty'],
    ['an unknown member', { top_k: 5 }, 'top_k'],
    ['reasoning', { reasoning_effort: 'low' }, 'reasoning_effort'],
    ['audio', { modalities: ['text', 'audio'] }, 'modalities'],
    ['storing', { store: true }, 'store'],
    ['no model', { model: null }, 'model'],
    ['a model that is no text', { model: 5 }, 'model'],
    ['no messages', { messages: [] }, 'messages'],
    ['messages that are text', { messages: 'hi' }, 'messages'],
    ['a message that is text', { messages: ['hi'] }, 'messages[0]'],
    ['an unknown role', message({ role: 'robot' }), 'messages[0].role'],
    ['a result without a call', message({ role: 'tool', tool_call_id: 'a' }), 'messages[0].tool_call_id'],
    ['a role of a prototype', message({ role: 'constructor' }), 'messages[0].role'],
    ['a message without content', message({ content: null }), 'messages[0].content'],
    ['no parts', message({ content: [] }), 'messages[0].content'],
    ['an image', message({ content: [{ type: 'image_url', image_url: { url: 'x' } }] }), 'messages[0].content[0].type'],
    [
      'a part with more',
      message({ content: [{ type: 'text', text: 'x', cache_control: {} }] }),
      'messages[0].content[0]',
    ],
    ['a name', message({ name: 'bob' }), 'messages[0].name'],
    ['tool calls', message({ tool_calls: [{}] }), 'messages[0].tool_calls'],
    ['n of 0', { n: 0 }, 'n'],
    ['n of 9', { n: 9 }, 'n'],
    ['n of 1.5', { n: 1.5 }, 'n'],
    ['a temperature beyond 2', { temperature: 2.1 }, 'temperature'],
    ['a temperature of text', { temperature: '1' }, 'temperature'],
    ['a top_p beyond 1', { top_p: 1.1 }, 'top_p'],
    ['a seed that no double holds', { seed: 0.5 }, 'seed'],
    ['no tokens', { max_tokens: 0 }, 'max_tokens'],
    ['two limits', { max_completion_tokens: 5 }, 'max_tokens'],
    ['five stop strings', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    ['an empty stop string', { stop: '' }, 'stop'],
    ['a stop that is no text', { stop: [5] }, 'stop'],
    ['top_logprobs alone', { top_logprobs: 2 }, 'top_logprobs'],
    ['21 top_logprobs', { logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
    ['logprobs as in completions', { logprobs: 5 }, 'logprobs'],
    ['stream options without a stream', { stream_options: {} }, 'stream_options'],
    ['unknown stream options', { stream: true, stream_options: { x: 1 } }, 'stream_options.x'],
    ['a stream that is no flag', { stream: 'true' }, 'stream'],
  ])('%s', async (_, members, param) => {
    const { status, body, mediaType } = await upstream.send(chatRequest(octets(members)))
    const { error } = JSON.parse(Buffer.from(await readAll(body)).toString())
    expect([status, mediaType]).toEqual([400, 'application/json'])
    expect(error).toMatchObject({ type: 'invalid_request_error', param })
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code'])
    const asked = octets(members)
    expect(upstream.dependencies(asked, model, asked)['sampling-parameters']).toBe('none')
  })

  it.each([
    ['no JSON', '{"model":'],
    ['a list', '[]'],
    ['a doubled member', '{"model":"a","model":"b","messages":[]}'],
    ['a lone surrogate', '{"model":"a","messages":[{"role":"user","content":"\\ud800"}]}'],
    ['octets that are no text', Uint8Array.of(0x22, 0xff, 0x22)],
    ['deep nesting', '['.repeat(10_000)],
    ['a member whose name is not plain', '{"model":"a","messages":[{"role":"user","content":"x"}],"\\ncanary <b>":1}'],
  ])('%s', async (_, body) => {
    const { status, body: answer } = await upstream.send(chatRequest(body))
    const { error } = JSON.parse(Buffer.from(await readAll(answer)).toString())
    expect([status, error.type, error.param]).toEqual([400, 'invalid_request_error', null])
    expect(JSON.stringify(error)).not.toContain('canary')
  })

  it('a context that is too long, before any octet of a stream', async () => {
    const members = { messages: [{ role: 'user', content: 'word '.repeat(5_000) }], stream: true }
    const { status, body } = await upstream.send(chatRequest(octets(members)))
    expect(status).toBe(400)
    expect(JSON.parse(Buffer.from(await readAll(body)).toString()).error).toMatchObject({
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    })
  })

  it('another path', async () => {
    const { status } = await upstream.send({ ...chatRequest(octets()), path: '/v1/embeddings' })
    expect(status).toBe(404)
  })
})

describe('tools', () => {
  const parameters = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] }
  const tools = [{ type: 'function', function: { name: 'search', parameters } }]

  it('are called where that is demanded, and the answer after that is text', async () => {
    const called = await ask({ tools, tool_choice: 'required', max_tokens: 50 })
    const { message, finish_reason } = called.choices[0] ?? {}
    expect([finish_reason, message]).toMatchObject([
      'tool_calls',
      {
        content: null,
        tool_calls: [{ type: 'function', function: { name: 'search', arguments: '{"query":"a receipt"}' } }],
      },
    ])
    const [{ id } = { id: '' }] = message?.tool_calls ?? []
    const next = await ask({ tools, messages: [QUESTION, message, { role: 'tool', tool_call_id: id, content: 'x' }] })
    expect(next.choices[0]).toMatchObject({
      message: { content: expect.stringMatching(/^\w/) },
      finish_reason: 'length',
    })
  })

  it('have no call where none fits, before any octet of a stream', async () => {
    const wanting = { ...parameters, properties: { query: { type: 'string', minLength: 400 } } }
    const none = [{ type: 'function', function: { name: 'search', parameters: wanting } }]
    const { status } = await upstream.send(chatRequest(octets({ tools: none, tool_choice: 'required', stream: true })))
    expect(status).toBe(400)
  })

  it('are a dependency, by the octets of the client', () => {
    const body = octets({ tools, messages: [QUESTION] })
    const { 'tool-definitions': definitions } = upstream.dependencies(body, model, body)
    expect(definitions).toEqual([
      {
        name: 'tools',
        digest: { sha256: digest(Buffer.from(JSON.stringify(tools))) },
        annotations: { scheme: 'raw', role: 'tool-definitions', source: 'client' },
      },
    ])
  })
})

describe('dependencies', () => {
  it('name tokenizer, template, system messages and the parameters as used', () => {
    const body = octets({ messages: [{ role: 'system', content: 'Grüße' }, QUESTION], stop: 'x', top_p: 0.5 })
    const dependencies = upstream.dependencies(body, model, body)
    const seed = createHash('sha256').update(body).digest().readUInt32BE(0)
    const used = { temperature: 0, top_p: 0.5, seed, n: 1, stop: ['x'], max_tokens: 8 }
    const read = (name: string): Uint8Array => readFileSync(`${EMBEDDED_MODEL_DIRECTORY}/${name}`)
    expect(dependencies).toMatchObject({
      tokenizer: [
        {
          name: 'tokenizer.json',
          digest: { sha256: digest(read('tokenizer.json')) },
          annotations: { scheme: 'raw', role: 'tokenizer', source: 'gateway' },
        },
      ],
      'chat-template': [{ digest: { sha256: digest(read('chat_template.jinja')) } }],
      'system-prompt': [
        { name: 'messages[0]', digest: { sha256: digest(Buffer.from('Grüße')) }, annotations: { source: 'client' } },
      ],
      'sampling-parameters': [
        {
          name: `temperature=0 top_p=0.5 seed=${seed} n=1 stop=1 max_tokens=8`,
          digest: { sha256: digest(encodeJcs(used)) },
          annotations: { scheme: 'jcs', role: 'sampling-parameters', source: 'gateway' },
        },
      ],
      'tool-definitions': 'none',
      'retrieval-index': 'none',
    })
    expect(decodeDependencies(JSON.parse(JSON.stringify(dependencies)))).toEqual(dependencies)
  })

  it('have the parameters of the octets that the engine is given, and the system messages of the client alone', () => {
    const client = octets({ messages: [{ role: 'system', content: 'mine' }, QUESTION] })
    const given = octets({ messages: [{ role: 'system', content: 'inserted' }, QUESTION], seed: 7 })
    expect(upstream.dependencies(client, model, given)).toEqual({
      ...upstream.dependencies(given, model, given),
      'system-prompt': upstream.dependencies(client, model, client)['system-prompt'],
    })
  })
})
