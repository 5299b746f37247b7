/** What the gateway reads from answers on their way: digest, what a conversation goes on with, and calls; of streams as of answers at once. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { parseAnswer, readChoices } from '../../../src/server/routes/inference/answer-reading.ts'
import { ChoiceStream } from '../../../src/server/routes/inference/choice-stream.ts'
import type { AnswerOutput, StreamFollower } from '../../../src/server/routes/inference/operation.ts'
import { EMBEDDINGS } from '../../../src/server/routes/inference/operations/embeddings.ts'
import { RESPONSES } from '../../../src/server/routes/inference/operations/responses.ts'
import { ResponseStream } from '../../../src/server/routes/inference/response-stream.ts'
import { EventBlocks } from '../../../src/server/upstream/event-blocks.ts'
import { inspectBlock } from '../../../src/server/upstream/event-reading.ts'

interface OutputCase {
  readonly name: string
  readonly stream?: string
  readonly answer?: string
  readonly output_digest: string
}

interface OutputFailure {
  readonly name: string
  readonly media_type: string
  readonly octets: string
}

const { cases, failures }: { readonly cases: readonly OutputCase[]; readonly failures: readonly OutputFailure[] } =
  JSON.parse(readFileSync('attestation-fixtures/wire/output.json', 'utf8'))

/** As a relay feeds it: to the block that ends it. */
function follow(follower: StreamFollower, stream: string): AnswerOutput {
  for (const block of new EventBlocks(1 << 20).push(encodeUtf8(stream)))
    if (follower.take(inspectBlock(block)).end !== undefined) break
  return follower.output()
}

function readWhole(answer: string): AnswerOutput | undefined {
  const parsed = parseAnswer(encodeUtf8(answer))
  const reading = parsed && readChoices(parsed, 1)
  return reading === undefined || reading.outcome === 'unusable' ? undefined : reading.output
}

/** Choices of a stream, to be followed whole. */
const choicesOf = (stream: string): number => (stream.includes('"index":1,"delta"') ? 2 : 1)

describe('output of chat and completions', () => {
  it.each(cases)('has the digest of the octets: $name', ({ stream, answer, output_digest: digest }) => {
    if (stream !== undefined) expect(follow(new ChoiceStream(choicesOf(stream)), stream).digest).toBe(digest)
    if (answer !== undefined) expect(readWhole(answer)?.digest).toBe(digest)
  })

  it.each(failures)('has none, and nothing to go on with: $name', ({ octets, media_type: mediaType, name }) => {
    const output = mediaType === 'application/json' ? readWhole(octets) : follow(new ChoiceStream(1), octets)
    // Behind [DONE] nothing is read or relayed.
    if (name === 'behind-done-fail') expect(output?.digest).toMatch(/^sha256:/)
    else expect(output ?? { elements: [], calls: [] }).toEqual({ elements: [], calls: [] })
  })

  it('goes on with the message of the first choice, and asks for its calls', () => {
    const { elements, calls } = readWhole(
      JSON.stringify({
        choices: [
          { index: 1, message: { role: 'assistant', content: 'other' }, finish_reason: 'stop' },
          {
            index: 0,
            message: {
              role: 'assistant',
              content: null,
              refusal: null,
              reasoning_content: 'hm',
              tool_calls: [
                { id: 'a', type: 'function', function: { name: 'clock', arguments: '' } },
                { id: 'b', type: 'custom', custom: { name: 'x', input: 'y' } },
                { id: 'c', type: 'function', function: { name: 'docs__find', arguments: '{"q":1}' } },
              ],
            },
            finish_reason: 'tool_calls',
          },
        ],
      }),
    ) ?? { elements: [], calls: [] }
    expect(calls).toEqual([
      { id: 'a', name: 'clock', arguments: '' },
      { id: 'c', name: 'docs__find', arguments: '{"q":1}' },
    ])
    expect(elements).toEqual([
      {
        role: 'assistant',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'clock', arguments: '' } },
          { id: 'b', type: 'custom', custom: { name: 'x', input: 'y' } },
          { id: 'c', type: 'function', function: { name: 'docs__find', arguments: '{"q":1}' } },
        ],
      },
    ])
  })

  it.each([
    ['an empty text', { content: '' }, { role: 'assistant', content: '' }],
    ['a refusal', { content: null, refusal: 'no' }, { role: 'assistant', content: '', refusal: 'no' }],
  ])('keeps the text of %s', (_, message, element) => {
    expect(readWhole(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }))?.elements).toEqual([element])
  })

  it('goes on with nothing of a completion, or of a stream that was cut', () => {
    expect(readWhole('{"choices":[{"text":"a","finish_reason":"stop"}]}')).toMatchObject({ elements: [], calls: [] })
    expect(follow(new ChoiceStream(1), 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')).toEqual({
      elements: [],
      calls: [],
    })
  })

  it('has none for octets that are not UTF-8, though a reader finds text in them', () => {
    const octets = Buffer.from('{"choices":[{"message":{"content":"\xff"},"finish_reason":"stop"}]}', 'latin1')
    const parsed = parseAnswer(octets)
    expect(parsed && readChoices(parsed, 1)).toMatchObject({ outcome: 'complete', output: { elements: [] } })
    const follower = new ChoiceStream(1)
    const block = Buffer.from('event: \xff\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', 'latin1')
    follower.take(inspectBlock(block))
    expect(follower.output()).toEqual({ elements: [], calls: [] })
  })
})

const ITEMS = [
  { type: 'reasoning', id: 'rs_1', summary: [] },
  { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'clock', arguments: '{}' },
]
const CALLS = [{ id: 'call_1', name: 'clock', arguments: '{}' }]

function readResponse(response: object): AnswerOutput | undefined {
  const parsed = parseAnswer(encodeUtf8(JSON.stringify(response)))
  const reading = parsed && RESPONSES.readAnswer(parsed, 1)
  return reading === undefined || reading.outcome === 'unusable' ? undefined : reading.output
}

describe('output of responses and embeddings', () => {
  it('is the items of a response, without a digest', () => {
    expect(readResponse({ status: 'completed', output: ITEMS })).toEqual({ elements: ITEMS, calls: CALLS })
  })

  it('is that of the last event of a stream', () => {
    const created = { type: 'response.created', response: { id: 'r', output: [] } }
    const completed = { type: 'response.completed', response: { id: 'r', output: ITEMS } }
    const stream = [created, completed].map((event) => `data: ${JSON.stringify(event)}\n\n`)
    expect(follow(new ResponseStream(), stream.join(''))).toEqual({ elements: ITEMS, calls: CALLS })
    expect(follow(new ResponseStream(), stream[0] ?? '')).toEqual({ elements: [], calls: [] })
  })

  it('is nothing where a response failed, or cannot be written in one way', () => {
    expect(readResponse({ status: 'failed', output: ITEMS })).toEqual({ elements: [], calls: [] })
    expect(readResponse({ status: 'completed', output: [{ type: 'message', content: '\ud800' }] })).toEqual({
      elements: [],
      calls: [],
    })
    const failed = { type: 'response.failed', response: { id: 'r', output: ITEMS, error: { message: 'no' } } }
    expect(follow(new ResponseStream(), `data: ${JSON.stringify(failed)}\n\n`)).toEqual({ elements: [], calls: [] })
  })

  it('is nothing for embeddings', () => {
    const parsed = parseAnswer(encodeUtf8('{"data":[{"embedding":[0.5]}]}'))
    expect(parsed && EMBEDDINGS.readAnswer(parsed, 1)).toMatchObject({ output: { elements: [], calls: [] } })
  })
})
