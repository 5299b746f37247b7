import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBlocks } from '../../../src/server/upstream/event-blocks.ts'
import { inspectBlock } from '../../../src/server/upstream/event-reading.ts'
import { StreamProgress } from '../../../src/server/upstream/stream-progress.ts'
import { CHAT_STREAM, CUT_STREAM, TOOL_CALL_STREAM } from './mock-answers.ts'

interface Split {
  readonly blocks: readonly string[]
  readonly dropped: number
}

/** Splits octets that arrive in portions of the sizes given, in turn. */
function split(octets: Uint8Array, sizes: readonly number[], limit = 1 << 20): Split {
  const splitter = new EventBlocks(limit)
  const blocks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < octets.length; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? octets.length
    // Written over afterwards: a block that came out earlier must not hang on a buffer that is used again.
    const chunk = Buffer.from(octets.subarray(at, at + size))
    blocks.push(...splitter.push(chunk).map((block) => new Uint8Array(block)))
    chunk.fill(0)
    at += size
  }
  const { last, dropped } = splitter.end()
  if (last !== undefined) blocks.push(last)
  return { blocks: blocks.map((block) => Buffer.from(block).toString('latin1')), dropped }
}

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')

describe('EventBlocks', () => {
  it.each([
    ['data: 1\n\ndata: 2\n\n', ['data: 1\n\n', 'data: 2\n\n'], 0],
    ['data: 1\r\n\r\ndata: 2\r\n\r\n', ['data: 1\r\n\r\n', 'data: 2\r\n\r\n'], 0],
    ['data: 1\r\rdata: 2\r\r', ['data: 1\r\r', 'data: 2\r\r'], 0],
    ['data: 1\n\r\ndata: 2\r\n\n', ['data: 1\n\r\n', 'data: 2\r\n\n'], 0],
    ['\n\n: x\n\n', ['\n', '\n', ': x\n\n'], 0],
    ['data: 1\n\ndata: 2\n', ['data: 1\n\n'], 8],
    ['data: 1\n\ndata: 2\r', ['data: 1\n\n'], 8],
    ['data: 1', [], 7],
    ['', [], 0],
  ])('cuts %j', (stream, blocks, dropped) => {
    expect(split(text(stream), [])).toEqual({ blocks, dropped })
    expect(split(text(stream), [1])).toEqual({ blocks, dropped })
  })

  it('gives the same blocks whatever the chunks, and loses no octet', () => {
    const pieces = fc.constantFrom('data: a', ': c', 'é', '\n', '\r', '\r\n', '\n\n', '\0', '\uFEFF')
    const streams = fc.array(pieces, { maxLength: 40 }).map((list) => text(list.join('')))
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(streams, sizes, (stream, cut) => {
        const whole = split(stream, [])
        expect(split(stream, cut)).toEqual(whole)
        const joined = whole.blocks.join('')
        expect(joined.length + whole.dropped).toBe(stream.length)
        expect(Buffer.from(stream).toString('latin1').startsWith(joined)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('takes a block of exactly the limit and refuses one octet more', () => {
    const stream = text('data: 1234\n\n')
    for (const sizes of [[], [1], [5]]) {
      expect(split(stream, sizes, 12).blocks).toHaveLength(1)
      expect(() => split(stream, sizes, 11)).toThrow(
        expect.objectContaining({ code: 'ERR_UPSTREAM', reason: 'too-large' }),
      )
    }
    expect(() => new EventBlocks(11).push(text('data: 123456'))).toThrow(
      expect.objectContaining({ reason: 'too-large' }),
    )
  })
})

describe('inspectBlock', () => {
  it.each([
    [': keep-alive\n\n', { kind: 'comment' }],
    [': keep-alive\r\n\r\n', { kind: 'comment' }],
    [':\r\r', { kind: 'comment' }],
    ['\n', { kind: 'comment' }],
    ['retry: 5\n\n', { kind: 'comment' }],
    ['data: [DONE]\n\n', { kind: 'done' }],
    ['data:[DONE]\r\n\r\n', { kind: 'done' }],
    ['data: {"a":\n\n', { kind: 'invalid' }],
    ['data\n\n', { kind: 'invalid' }],
    ['data: 5\n\n', { kind: 'invalid' }],
    ['data: {"error":{"message":"m"}}\n\n', { kind: 'error', data: { error: { message: 'm' } } }],
    ['event: error\ndata: {"type":"error","message":"m"}\n\n', { kind: 'error' }],
    ['data: {"type":"response.failed"}\n\n', { kind: 'error' }],
    ['data: {"object":"error","message":"m"}\n\n', { kind: 'error' }],
    ['data: {"error":null,"choices":[]}\n\n', { kind: 'event', choices: [] }],
    [
      ': note\ndata: {"choices":[\ndata: {"index":1,"finish_reason":"stop"}]}\n\n',
      { kind: 'event', choices: [{ index: 1, finishReason: 'stop' }] },
    ],
    [
      '\uFEFFdata: {"choices":[{"finish_reason":""}]}\r\n\r\n',
      { kind: 'event', choices: [{ index: 0, finishReason: null }] },
    ],
    [
      'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n',
      { kind: 'event', usage: { inputTokens: 3, outputTokens: 4 } },
    ],
    [
      'event: response.completed\ndata: {"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}}\n\n',
      { kind: 'event', usage: { inputTokens: 1, outputTokens: 2 } },
    ],
    ['data: {"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":4}}\n\n', { kind: 'event' }],
  ])('reads %j', (block, expected) => {
    const reading = inspectBlock(text(block))
    expect(reading).toMatchObject(expected)
    if (block.includes(':-1')) expect(reading).not.toHaveProperty('usage')
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (block) => void inspectBlock(block)))
    const prefixed = fc.json().map((value) => text(`data: ${value}\n\n`))
    fc.assert(fc.property(prefixed, (block) => void inspectBlock(block)))
  })
})

describe('StreamProgress', () => {
  const progressOf = (stream: string, choices?: number): StreamProgress => {
    const progress = new StreamProgress(choices)
    for (const block of split(text(stream), []).blocks) progress.note(inspectBlock(Buffer.from(block, 'latin1')))
    return progress
  }

  it('knows a whole stream', () => {
    const progress = progressOf(CHAT_STREAM)
    expect(progress).toMatchObject({ finished: true, done: true, failed: false, finishReasons: ['stop'] })
    expect(progress.usage).toEqual({ inputTokens: 7, outputTokens: 2 })
    expect(progressOf(TOOL_CALL_STREAM)).toMatchObject({ finished: true, finishReasons: ['tool_calls'] })
  })

  it.each([
    ['without a finish_reason', CUT_STREAM, 1],
    ['with [DONE] alone', 'data: [DONE]\n\n', 1],
    ['without anything', '', 1],
    ['that lacks a choice', CHAT_STREAM, 2],
    ['with an error event after its end', `${CHAT_STREAM}data: {"error":{}}\n\n`, 1],
    ['with an unreadable event', `data: {\n\n${CHAT_STREAM}`, 1],
    [
      'of which one choice goes on',
      'data: {"choices":[{"index":0,"finish_reason":"stop"}]}\n\ndata: {"choices":[{"index":1,"finish_reason":null}]}\n\n',
      2,
    ],
  ])('does not take a stream %s for whole', (_, stream, choices) => {
    expect(progressOf(stream, choices).finished).toBe(false)
  })

  it('takes no event of another API for the end of a choice', () => {
    expect(progressOf('data: {"type":"response.completed","response":{},"choices":[]}\n\n').finished).toBe(false)
  })
})
