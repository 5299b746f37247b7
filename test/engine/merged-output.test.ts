/** A seeded answer of the embedded model comes to one output digest, streamed or not. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { digestOutput } from '../../src/core/receipt/merged-octets.ts'
import { type Answering, streamBlocks, wholeCompletion } from '../../src/engine/chat/answer.ts'
import { decodeChatRequest } from '../../src/engine/chat/request.ts'
import { startRun } from '../../src/engine/chat/run.ts'
import { model } from './embedded-model.ts'

const ASKED = { model: 'demo', messages: [{ role: 'user', content: 'What is a receipt?' }], seed: 7, temperature: 1 }
const FUNCTION = { name: 'clock', parameters: { type: 'object', properties: { zone: { type: 'string' } } } }

/** The id of a call comes from the octets of the request, so both answers are to one. */
function answering(body: object): Answering {
  const request = decodeChatRequest(encodeUtf8(JSON.stringify(body)))
  return {
    request,
    run: (choice) => startRun(model, request, { choice, turn: async () => undefined }),
    head: { id: 'chatcmpl-1', created: 1_790_000_000, model: 'demo', system_fingerprint: 'fp' },
  }
}

async function digests(more: object): Promise<{ readonly whole: string; readonly streamed: string }> {
  const whole = await wholeCompletion(answering({ ...ASKED, ...more }))
  const blocks: Uint8Array[] = []
  for await (const block of streamBlocks(answering({ ...ASKED, ...more }))) blocks.push(block)
  return {
    whole: digestOutput(whole, 'application/json'),
    streamed: digestOutput(concatBytes(...blocks), 'text/event-stream'),
  }
}

describe('output digest of the embedded model', () => {
  it.each<[string, object]>([
    ['a text', { max_tokens: 24 }],
    ['two choices with log-probabilities', { max_tokens: 12, n: 2, logprobs: true, top_logprobs: 3 }],
    ['a text that a stop ends', { max_tokens: 24, stop: ['e'], logprobs: true }],
    [
      'the call of a function',
      {
        tools: [{ type: 'function', function: FUNCTION }],
        tool_choice: { type: 'function', function: { name: FUNCTION.name } },
      },
    ],
  ])('is the same for %s', async (_, more) => {
    const { whole, streamed } = await digests(more)
    expect(streamed).toBe(whole)
  })

  it('is another for another answer', async () => {
    const one = await digests({ max_tokens: 12 })
    const other = await digests({ max_tokens: 13 })
    expect(other.whole).not.toBe(one.whole)
  })
})
