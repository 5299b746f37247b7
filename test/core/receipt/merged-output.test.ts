/** Merged output: frozen vectors for stream and answer, and that no way of cutting an answer into deltas changes what it comes to. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { ChoiceMerger, outputDigest } from '../../../src/core/receipt/merged-choices.ts'
import { digestOutput } from '../../../src/core/receipt/merged-octets.ts'

interface OutputCase {
  readonly name: string
  readonly stream?: string
  readonly answer?: string
  /** JCS. */
  readonly merged: string
  readonly output_digest: string
}

interface OutputFailure {
  readonly name: string
  readonly media_type: string
  readonly octets: string
  readonly detail: string
}

const { cases, failures }: { readonly cases: readonly OutputCase[]; readonly failures: readonly OutputFailure[] } =
  JSON.parse(readFileSync('attestation-fixtures/wire/output.json', 'utf8'))

const STREAM = 'text/event-stream; charset=utf-8'
const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`
const event = (...choices: readonly JsonObject[]): JsonObject => ({ choices })

function merge(form: 'delta' | 'message', ...events: readonly JsonObject[]): ChoiceMerger {
  const merger = new ChoiceMerger(form)
  for (const one of events) merger.take(one)
  return merger
}

describe('merged output', () => {
  it.each(cases)('$name', ({ stream, answer, merged, output_digest: digest }) => {
    expect(sha256(merged)).toBe(digest)
    if (stream !== undefined) expect(digestOutput(encodeUtf8(stream), STREAM)).toBe(digest)
    if (answer !== undefined) expect(digestOutput(encodeUtf8(answer), 'application/json')).toBe(digest)
    expect(answer ?? stream).toEqual(expect.any(String))
  })

  it.each(failures)('$name', ({ octets, media_type: mediaType, detail }) => {
    expect(() => digestOutput(encodeUtf8(octets), mediaType)).toThrow(detail)
  })

  it('has none for octets that are not UTF-8', () => {
    const octets = Buffer.from('{"choices":[{"message":{"content":"\xff"},"finish_reason":"stop"}]}', 'latin1')
    expect(() => digestOutput(octets, 'application/json')).toThrow('UTF-8')
  })

  it('changes with each member', () => {
    const answer = cases[0]?.answer ?? ''
    const changes = [
      ['Hello', 'Hullo'],
      ['"stop"', '"length"'],
      ['"assistant"', '"user"'],
      ['"index":0', '"index":1'],
    ] as const
    const digests = changes.map(([from, to]) => digestOutput(encodeUtf8(answer.replace(from, to)), 'application/json'))
    expect(new Set([...digests, cases[0]?.output_digest]).size).toBe(changes.length + 1)
  })

  it('tells where a cut between two members of one text is moved, and not where it is moved within one', () => {
    const split = (reasoning: string, content: string): string =>
      digestOutput(
        encodeUtf8(JSON.stringify(event({ message: { reasoning, content }, finish_reason: 'stop' }))),
        'application/json',
      )
    expect(split('ab', 'c')).not.toBe(split('a', 'bc'))
  })

  it.each<[string, JsonObject]>([
    ['choices', event(...Array.from({ length: 4097 }, (_, index) => ({ index, delta: {} })))],
    [
      'calls',
      event({ delta: { tool_calls: Array.from({ length: 1025 }, (_, index) => ({ index, id: `${index}` })) } }),
    ],
  ])('has none for too many %s', (_, hostile) => {
    expect(merge('delta', hostile).choices).toBeUndefined()
    expect(merge('delta', hostile).failure).toMatch(/^too many /)
  })

  it('has none for a text beyond all bounds, sent in any way', () => {
    const mebi = 'x'.repeat(1 << 20)
    const parts = Array.from({ length: 17 }, () => event({ delta: { content: mebi } }))
    expect(merge('delta', ...parts.slice(0, 15)).failure).toBeUndefined()
    expect(merge('delta', ...parts).failure).toMatch(/too large/)
    expect(merge('message', event({ message: { content: mebi.repeat(17) } })).failure).toMatch(/too large/)
    const names = Array.from({ length: 17 }, (_, at) => event({ [`${at}${mebi}`]: 1 }))
    expect(merge('delta', ...names).failure).toMatch(/too large/)
    const lists = Array.from({ length: 17 }, () => event({ logprobs: { content: [{ token: mebi }] } }))
    expect(merge('delta', ...lists).failure).toMatch(/too large/)
    // What is replaced is not kept.
    const replaced = Array.from({ length: 17 }, () => event({ note: { mebi } }))
    expect(merge('delta', ...replaced).failure).toBeUndefined()
  })
})

/** Vectors within what that SDK knows: calls and choices have an index. Log-probabilities of a choice's first event it keeps twice. */
const AS_SDK: ReadonlySet<string> = new Set([
  'text',
  'empty members count as absent',
  'calls by index, interleaved',
  'the call of a function, as it was before tools',
  'two choices, interleaved',
])

/** What the official SDK makes of a stream; the octets are as its own helpers pass them on, one JSON object a line. */
async function mergeBySdk(stream: string): Promise<JsonObject> {
  const lines = [...stream.matchAll(/^data: (\{.*\})$/gm)].map(([, data]) => `${data}\n`)
  const readable = ReadableStream.from(lines.map((line) => encodeUtf8(line)))
  return JSON.parse(JSON.stringify(await ChatCompletionStream.fromReadableStream(readable).finalChatCompletion()))
}

describe('the official SDK', () => {
  it.each(cases.filter(({ name }) => AS_SDK.has(name)))(
    'reads the same: $name',
    async ({ stream = '', output_digest: digest }) => {
      const { choices } = merge('message', await mergeBySdk(stream))
      expect(outputDigest(choices ?? [])).toBe(digest)
    },
  )
})

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const token = fc.record({ token: text, logprob: fc.double({ noNaN: true, min: -20, max: 0 }) })
const call = fc.record({ id: text, name: text, arguments: text })
const choice = fc.record(
  {
    content: text,
    refusal: text,
    reasoning_content: text,
    calls: fc.array(call, { minLength: 1, maxLength: 3 }),
    logprobs: fc.array(token, { minLength: 1, maxLength: 4 }),
    finish: fc.constantFrom('stop', 'length', 'tool_calls'),
  },
  { requiredKeys: ['finish'] },
)
type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never

const TEXTS = ['content', 'refusal', 'reasoning_content'] as const

function wholeChoice({ calls, logprobs, finish, ...texts }: Choice, index: number): JsonObject {
  const tool_calls = (calls ?? []).map(({ id, ...called }) => ({ id, type: 'function', function: called }))
  const message = { role: 'assistant', content: null, ...texts, tool_calls }
  return { index, message, logprobs: logprobs === undefined ? null : { content: logprobs }, finish_reason: finish }
}

/** Code points, so that no cut goes through one. */
function cut(value: string, size: number): readonly string[] {
  const points = [...value]
  return Array.from({ length: Math.ceil(points.length / size) }, (_, at) =>
    points.slice(at * size, (at + 1) * size).join(''),
  )
}

/** Deltas of one choice; each list keeps its order, whatever the order of the lists. */
function deltasOf({ calls = [], logprobs = [], ...texts }: Choice, size: number): readonly (readonly JsonObject[])[] {
  return [
    ...TEXTS.map((name) => cut(texts[name] ?? '', size).map((part) => ({ delta: { [name]: part } }))),
    ...calls.map(({ id, name, arguments: given }, index) => [
      { delta: { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] } },
      ...cut(given, size).map((part) => ({ delta: { tool_calls: [{ index, function: { arguments: part } }] } })),
    ]),
    logprobs.map((entry) => ({ delta: {}, logprobs: { content: [entry] } })),
  ]
}

/** Takes from the lists in turns, as `order` says. */
function interleave(lists: readonly (readonly JsonObject[])[], order: readonly number[]): readonly JsonObject[] {
  const left = lists.map((list) => [...list])
  const out: JsonObject[] = []
  for (let turn = 0; left.some((list) => list.length > 0); turn++) {
    const open = left.filter((list) => list.length > 0)
    const next = open[(order[turn % order.length] ?? 0) % open.length]?.shift()
    if (next !== undefined) out.push(next)
  }
  return out
}

describe('merging', () => {
  it('gives one digest for an answer and for any deltas that say the same', () => {
    const order = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(choice, { minLength: 1, maxLength: 3 }),
        order,
        fc.integer({ min: 1, max: 4 }),
        (choices, turns, size) => {
          const whole = merge('message', event(...choices.map(wholeChoice))).choices ?? []
          const lists = choices.map((one, index) => [
            { index, delta: { role: 'assistant', content: '' }, finish_reason: null },
            ...interleave(deltasOf(one, size), turns).map((delta) => ({ index, ...delta, finish_reason: null })),
            { index, delta: {}, finish_reason: one.finish },
          ])
          const streamed = merge('delta', ...interleave(lists, turns).map((one) => event(one))).choices ?? []
          expect(streamed).toEqual(whole)
          expect(outputDigest(streamed)).toBe(outputDigest(whole))
          const octets = encodeUtf8(JSON.stringify(event(...choices.map(wholeChoice))))
          expect(digestOutput(octets, 'application/json')).toBe(outputDigest(whole))
        },
      ),
    )
  })

  it('never throws, whatever JSON it is given', () => {
    const value = fc.jsonValue({ maxDepth: 4 }).map((json): JsonValue => JSON.parse(JSON.stringify(json)))
    const named = fc.dictionary(fc.constantFrom('index', 'delta', 'message', 'text', 'logprobs', 'tool_calls'), value)
    fc.assert(
      fc.property(fc.array(fc.array(named, { maxLength: 3 }), { maxLength: 5 }), (events) => {
        const { choices, failure } = merge('delta', ...events.map((one) => event(...one)))
        expect(choices === undefined).toBe(failure !== undefined)
      }),
    )
  })
})
