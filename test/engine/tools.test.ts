/** Tools in chat requests of the embedded model: calls that it is made to give, what it may be asked for, and how it reads what tools gave. @module */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/encoding/json.ts'
import { digestOutput } from '../../src/core/receipt/merged-octets.ts'
import { streamBlocks, wholeCompletion } from '../../src/engine/chat/answer.ts'
import { Refusal } from '../../src/engine/chat/refusal.ts'
import { type ChatRequest, decodeChatRequest } from '../../src/engine/chat/request.ts'
import { startRun } from '../../src/engine/chat/run.ts'
import { model } from './embedded-model.ts'

const QUESTION = { role: 'user', content: 'How do I descale my kettle?' } as const

/** A function with these arguments, all of them required unless it says otherwise. */
function tool(properties: object, more: object = {}, name = 'search'): object {
  const parameters = { type: 'object', properties, required: Object.keys(properties), ...more }
  return { type: 'function', function: { name, description: 'Looks something up.', parameters } }
}

const SEARCH = tool({ query: { type: 'string', description: 'What to look for.' } })

function encode(members: object): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ model: 'm', messages: [QUESTION], tools: [SEARCH], temperature: 0, ...members }),
  )
}

interface Choice {
  readonly message: {
    readonly content: string | null
    readonly tool_calls?: readonly {
      readonly id: string
      readonly type: string
      readonly function: { readonly name: string; readonly arguments: string }
    }[]
  }
  readonly finish_reason: string
}

const HEAD = { id: 'chatcmpl-1', created: 0, model: 'm', system_fingerprint: 'fp' } as const

function answering(request: ChatRequest): Parameters<typeof wholeCompletion>[0] {
  return { request, head: HEAD, run: (choice) => startRun(model, request, { choice, turn: async () => undefined }) }
}

async function whole(members: object): Promise<{ choices: readonly Choice[]; usage: JsonObject }> {
  return JSON.parse(new TextDecoder().decode(await wholeCompletion(answering(decodeChatRequest(encode(members))))))
}

async function streamed(members: object): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const block of streamBlocks(answering(decodeChatRequest(encode({ stream: true, ...members })))))
    text += decoder.decode(block)
  return text
}

/** The arguments of a call that is demanded. */
async function called(members: object): Promise<JsonObject> {
  const { choices } = await whole({ tool_choice: 'required', ...members })
  return JSON.parse(choices[0]?.message.tool_calls?.[0]?.function.arguments ?? 'none')
}

const ask = (content: string): object => ({ messages: [{ role: 'user', content }] })

function refusal(members: object): Pick<Refusal, 'param' | 'code'> {
  try {
    decodeChatRequest(encode(members))
  } catch (error) {
    if (error instanceof Refusal) return { param: error.param, code: error.code }
    throw error
  }
  throw new Error('taken')
}

describe('a call that is demanded', () => {
  it.each<readonly [string, object]>([
    ['required', { tool_choice: 'required' }],
    ['named', { tool_choice: { type: 'function', function: { name: 'search' } }, parallel_tool_calls: false }],
  ])('is the answer: %s', async (_, members) => {
    const { choices, usage } = await whole(members)
    const id = createHash('sha256').update(encode(members)).digest('hex').slice(0, 24)
    const text = '{"query":"descale my kettle"}'
    expect(choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [{ id: `call_${id}`, type: 'function', function: { name: 'search', arguments: text } }],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ])
    const { prompt_tokens } = (await whole({ max_tokens: 1 })).usage
    expect(usage).toMatchObject({ prompt_tokens, completion_tokens: expect.any(Number) })
  })

  it('is of the tool that was named, else of the first', async () => {
    const tools = [SEARCH, tool({}, {}, 'clock')]
    const nameOf = async (tool_choice: unknown): Promise<string | undefined> =>
      (await whole({ tools, tool_choice })).choices[0]?.message.tool_calls?.[0]?.function.name
    expect(await nameOf('required')).toBe('search')
    expect(await nameOf({ type: 'function', function: { name: 'clock' } })).toBe('clock')
  })

  it.each([
    ['What is the weather in Paris today?', 'weather in Paris today'],
    ['what does GRADE_TOO_LOW mean', 'GRADE_TOO_LOW'],
    ['can you tell me who won the 2022 world cup', 'who won the 2022 world cup'],
    ['Who is the president of France?', 'president of France'],
    ['“Hi”', 'Hi'],
    ['the “"a\\b”\n key', 'a\\b” key'],
    ['日本の首都はどこですか？', '日本の首都はどこですか？'],
  ])('asks for what the question is about: %s', async (content, query) => {
    expect(await called(ask(content))).toEqual({ query })
  })

  it('takes its text from the newest message of the user', async () => {
    const messages = [QUESTION, { role: 'assistant', content: 'With vinegar.' }, { role: 'user', content: 'Thanks!' }]
    expect(await called({ messages })).toEqual({ query: 'Thanks' })
  })

  it('is drawn by the seed, the same for the same seed', async () => {
    const draw = (seed: number): Promise<JsonObject> =>
      called({ ...ask('What is the weather in Paris or in Rome today?'), temperature: 2, seed })
    const drawn = await Promise.all([1, 2, 3, 4, 5, 6].map(draw))
    expect(new Set(drawn.map(({ query }) => query)).size).toBeGreaterThan(1)
    expect(await draw(3)).toEqual(drawn[2])
  })

  it('fills what is required, of the values that each form allows', async () => {
    const properties = {
      city: { type: 'string' },
      unit: { enum: ['celsius', 'fahrenheit'] },
      days: { type: 'integer', minimum: 1, maximum: 9 },
      degrees: { type: 'number' },
      hourly: { type: ['boolean', 'null'] },
      version: { const: 2 },
      nothing: { type: 'null' },
      note: { type: 'string' },
      rest: { type: 'array', items: {} },
    }
    const required = Object.keys(properties).slice(0, -1)
    const given = await called({
      ...ask('What is the weather in Paris, 2.5 or 12 degrees and 3 days?'),
      tools: [tool(properties, { required, additionalProperties: false })],
    })
    expect(Object.keys(given)).toEqual(required)
    expect(given).toMatchObject({ days: 3, version: 2, nothing: null })
    expect(['celsius', 'fahrenheit']).toContain(given['unit'])
    expect([2.5, 12, 3]).toContain(given['degrees'])
    expect([true, false]).toContain(given['hourly'])
    // Two texts are of other words.
    const [city, note] = [String(given['city']), String(given['note'])]
    expect(city.split(' ').filter((word) => note.split(' ').includes(word))).toEqual([])
  })

  it('has numbers of the range where the question has none that fit', async () => {
    const number = async (schema: object): Promise<unknown> =>
      (await called({ ...ask('Give me 99 of -3'), tools: [tool({ n: { type: 'integer', ...schema } })] }))['n']
    expect([99, -3]).toContain(await number({}))
    expect(await number({ minimum: 7, maximum: 7 })).toBe(7)
    expect(await number({ maximum: -40 })).toBeLessThanOrEqual(-40)
  })

  it('keeps to the lengths of a text', async () => {
    const query = async (schema: object): Promise<string> =>
      String((await called({ tools: [tool({ query: { type: 'string', ...schema } })] }))['query'])
    expect((await query({ maxLength: 6 })).length).toBeLessThanOrEqual(6)
    expect((await query({ minLength: 20 })).length).toBeGreaterThanOrEqual(20)
  })

  it('keeps within max_tokens, and is refused where nothing does', async () => {
    const words = 'descale the kettle of my grandmother in the kitchen with vinegar and lemon '.repeat(3)
    const { usage } = await whole({ ...ask(words), tool_choice: 'required', max_tokens: 16 })
    expect(usage['completion_tokens']).toBeLessThanOrEqual(16)
    for (const max_tokens of [1, 6])
      await expect(whole({ ...ask(words), tool_choice: 'required', max_tokens })).rejects.toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      )
  })

  it('is streamed as the whole answer says it', async () => {
    const members = { tool_choice: 'required', stream_options: { include_usage: true } }
    const text = await streamed(members)
    const events: readonly JsonObject[] = text
      .split('\n\n')
      .filter((block) => block.startsWith('data: {'))
      .map((block) => JSON.parse(block.slice(6)))
    const id = createHash('sha256')
      .update(encode({ stream: true, ...members }))
      .digest('hex')
      .slice(0, 24)
    const begin = { index: 0, id: `call_${id}`, type: 'function', function: { name: 'search', arguments: '' } }
    expect(events[0]?.['choices']).toEqual([
      {
        index: 0,
        delta: { role: 'assistant', content: null, tool_calls: [begin] },
        logprobs: null,
        finish_reason: null,
      },
    ])
    expect(events.at(-2)?.['choices']).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: 'tool_calls' }])
    const { usage } = await whole({ tool_choice: 'required' })
    expect(events.at(-1)).toMatchObject({ choices: [], usage })
    // The same octets but for the wish to stream would have the same id: with it the merged answers would be equal.
    const request = { ...decodeChatRequest(encode({ stream: true, ...members })), stream: false }
    const said = await wholeCompletion(answering(request))
    expect(digestOutput(new TextEncoder().encode(text), 'text/event-stream')).toBe(
      digestOutput(said, 'application/json'),
    )
  })
})

describe('an answer in text', () => {
  it.each<readonly [string, object]>([
    ['auto', { tool_choice: 'auto' }],
    ['none', { tool_choice: 'none', parallel_tool_calls: true }],
    ['no choice', {}],
    ['a form that no call is asked for', { tools: [tool({ a: { type: 'array', items: {} } })] }],
  ])('is what tools that need not be called leave: %s', async (_, members) => {
    const plain = await whole({ tools: [], seed: 1, max_tokens: 6 })
    expect(await whole({ ...members, seed: 1, max_tokens: 6 })).toEqual(plain)
  })
})

describe('a round of calls and results', () => {
  const asked = (...ids: readonly string[]): object => ({
    role: 'assistant',
    content: null,
    tool_calls: ids.map((id) => ({
      id,
      type: 'function',
      function: { name: 'search', arguments: `{"query":"${id}"}` },
    })),
  })
  const result = (tool_call_id: string, content: unknown = `of ${tool_call_id}`): object => ({
    role: 'tool',
    tool_call_id,
    content,
  })
  const read = (...messages: readonly object[]): ChatRequest['messages'] =>
    decodeChatRequest(encode({ messages })).messages

  it('is read as a system message before the question', () => {
    expect(read({ role: 'system', content: 'S' }, QUESTION, asked('a'), result('a'))).toEqual([
      { role: 'system', content: 'S' },
      { role: 'system', content: 'search({"query":"a"})\nof a' },
      QUESTION,
    ])
  })

  it('stays where it was in the conversation, each octet of it', () => {
    const parts = [
      { type: 'text', text: 'x' },
      { type: 'text', text: 'y' },
    ]
    const second = { role: 'user', content: 'And then?' }
    const answer = { role: 'assistant', content: 'So.' }
    expect(
      read(
        QUESTION,
        { ...asked('a', 'b'), content: 'One moment.' },
        result('b', parts),
        result('a', ''),
        asked('c'),
        result('c'),
        answer,
        second,
        asked('a'),
        result('a'),
      ),
    ).toEqual([
      { role: 'system', content: 'One moment.\nsearch({"query":"a"})\nsearch({"query":"b"})\nx\ny\n' },
      { role: 'system', content: 'search({"query":"c"})\nof c' },
      QUESTION,
      answer,
      { role: 'system', content: 'search({"query":"a"})\nof a' },
      second,
    ])
  })

  it('without a question is read in its place', () => {
    expect(read({ role: 'system', content: 'S' }, asked('a'), result('a'))).toHaveLength(2)
  })

  it('takes back the answer that was given', async () => {
    const { choices } = await whole({ tool_choice: 'required' })
    const id = choices[0]?.message.tool_calls?.[0]?.id ?? ''
    const messages = [QUESTION, choices[0]?.message ?? {}, result(id, 'Use vinegar.')]
    const { choices: next } = await whole({ messages, max_tokens: 100 })
    expect(next[0]).toMatchObject({ message: { content: expect.stringMatching(/^[A-Z]/) }, finish_reason: 'stop' })
    expect(decodeChatRequest(encode({ messages })).messages[0]?.content).toBe(
      'search({"query":"descale my kettle"})\nUse vinegar.',
    )
  })

  it.each<readonly [string, readonly object[], string]>([
    ['a result without a call', [QUESTION, result('a')], 'messages[1].tool_call_id'],
    ['a result of another call', [QUESTION, asked('a'), result('b')], 'messages[2].tool_call_id'],
    ['two results of one call', [QUESTION, asked('a'), result('a'), result('a')], 'messages[3].tool_call_id'],
    ['a result of a call before', [asked('a'), result('a'), asked('b'), result('a')], 'messages[3].tool_call_id'],
    ['a call without a result', [QUESTION, asked('a', 'b'), result('a')], 'messages'],
    ['a question amid the results', [asked('a', 'b'), result('a'), QUESTION, result('b')], 'messages[2]'],
    ['calls amid the results', [asked('a'), asked('b'), result('b')], 'messages[1]'],
    ['two calls of one id', [asked('a', 'a'), result('a')], 'messages[0].tool_calls'],
    ['a result without an id', [asked('a'), { role: 'tool', content: 'x' }], 'messages[1].tool_call_id'],
    ['a result without content', [asked('a'), { role: 'tool', tool_call_id: 'a' }], 'messages[1].content'],
    ['a call of the user', [{ ...asked('a'), role: 'user', content: 'x' }, result('a')], 'messages[0].tool_calls'],
    ['calls that are no list', [{ role: 'assistant', tool_calls: 'a' }], 'messages[0].tool_calls'],
    ['a call that is text', [{ role: 'assistant', tool_calls: ['a'] }], 'messages[0].tool_calls[0]'],
    [
      'a call of something else',
      [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'custom', custom: {} }] }],
      'messages[0].tool_calls[0].type',
    ],
    [
      'a call without a function',
      [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function' }] }],
      'messages[0].tool_calls[0].function',
    ],
    [
      'arguments that are no text',
      [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: {} } }] }],
      'messages[0].tool_calls[0].function.arguments',
    ],
    [
      'a call with more in it',
      [
        {
          role: 'assistant',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: '', y: 1 } }],
        },
      ],
      'messages[0].tool_calls[0]',
    ],
  ])('is refused for %s', (_, messages, param) => {
    expect(refusal({ messages }).param).toBe(param)
  })
})

describe('a request is refused for', () => {
  const required = { tool_choice: 'required' }
  const filled = (schema: unknown, more: object = {}): object => ({ ...required, tools: [tool({ a: schema }, more)] })
  const PARAMETERS = 'tools[0].function.parameters'

  it.each<readonly [string, object, string]>([
    ['tools that are no list', { tools: {} }, 'tools'],
    ['a tool that is text', { tools: ['x'] }, 'tools[0]'],
    ['a tool of another type', { tools: [{ type: 'mcp', server_label: 'x' }] }, 'tools[0].type'],
    ['a tool without a function', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['a name that is none', { tools: [tool({}, {}, 'a b')] }, 'tools[0].function.name'],
    ['a member that no tool has', { tools: [{ ...SEARCH, cache: 1 }] }, 'tools[0]'],
    ['two tools of one name', { tools: [SEARCH, SEARCH] }, 'tools'],
    ['a choice without tools', { ...required, tools: [] }, 'tool_choice'],
    ['a choice of no tool', { tool_choice: { type: 'function', function: { name: 'x' } } }, 'tool_choice'],
    ['another choice', { tool_choice: 'any' }, 'tool_choice'],
    ['a choice of several', { tool_choice: { type: 'allowed_tools', allowed_tools: {} } }, 'tool_choice'],
    ['calls side by side that are no flag', { parallel_tool_calls: 1 }, 'parallel_tool_calls'],
    ['two calls for choice', { ...required, n: 2 }, 'n'],
    ['log-probabilities of a call', { ...required, logprobs: true }, 'logprobs'],
    ['an object in the arguments', filled({ type: 'object', properties: {} }), PARAMETERS],
    ['a list in the arguments', filled({ type: 'array', items: {} }), PARAMETERS],
    ['an argument of any form', filled({}), PARAMETERS],
    ['an argument that is not described', filled({ type: 'string' }, { required: ['b'] }), PARAMETERS],
    ['a name of a prototype', filled({ type: 'string' }, { required: ['constructor'] }), PARAMETERS],
    ['an alternative', filled({ anyOf: [{ type: 'string' }] }), PARAMETERS],
    ['a reference', filled({ $ref: '#/$defs/a' }), PARAMETERS],
    ['a pattern', filled({ type: 'string', pattern: '^a$' }), PARAMETERS],
    ['a format', filled({ type: 'string', format: 'date' }), PARAMETERS],
    ['multiples', filled({ type: 'integer', multipleOf: 3 }), PARAMETERS],
    ['a range without numbers', filled({ type: 'integer', minimum: 2, maximum: 1 }), PARAMETERS],
    ['an enumeration of nothing', filled({ enum: [] }), PARAMETERS],
    ['an enumeration of lists', filled({ enum: [[]] }), PARAMETERS],
    ['an enumeration of another type', filled({ type: 'integer', enum: ['a'] }), PARAMETERS],
    ['a condition around', filled({ type: 'string' }, { oneOf: [], minProperties: 1 }), PARAMETERS],
    ['parameters of another type', filled({ type: 'string' }, { type: 'array' }), `${PARAMETERS}.type`],
    ['required that is no list', filled({ type: 'string' }, { required: 'a' }), PARAMETERS],
  ])('%s', (_, members, param) => {
    expect(refusal(members).param).toBe(param)
  })

  it.each<readonly [string, object]>([
    ['no message of a user', { messages: [{ role: 'system', content: 'x' }] }],
    ['nothing in it', { messages: [{ role: 'user', content: ' ' }] }],
    ['nothing in it that is long enough', { tools: [tool({ a: { type: 'string', minLength: 500 } })] }],
    [
      'enumerations beyond all bounds',
      { tools: [tool({ a: { enum: Array.from({ length: 900 }, (_, i) => `member ${i}`) } })] },
    ],
  ])('a call that can be taken from %s', async (_, members) => {
    await expect(whole({ ...required, ...members })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})
