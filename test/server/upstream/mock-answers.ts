/** Ready-made scripts for {@link startMockUpstream}: good answers, and one for each way to be bad. @module */
import { gzipSync } from 'node:zlib'
import type { Script, Step } from './mock-upstream.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Status line and headers; no length, no coding but those given. */
export function head(status: number, headers: Readonly<Record<string, string | number>>): Step {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return { write: text(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`) }
}

/** One chunk of a chunked body for each portion. */
export function chunked(portions: readonly Uint8Array[]): readonly Step[] {
  return portions.map((portion) => ({
    write: Buffer.concat([text(`${portion.length.toString(16)}\r\n`), portion, text('\r\n')]),
  }))
}

export const lastChunk: Step = { write: text('0\r\n\r\n') }

/** Exact octets with their length. */
export function content(body: Uint8Array, { status = 200, type = 'application/json' } = {}): Script {
  return [head(status, { 'content-type': type, 'content-length': body.length }), { write: body }]
}

export function json(value: unknown, status = 200): Script {
  return content(text(JSON.stringify(value)), { status })
}

/** A stream cut into portions of the sizes given, in turn; one portion without any. */
export function sse(stream: string, sizes: readonly number[] = []): Script {
  return [...sseHead(), ...chunked(portions(text(stream), sizes)), lastChunk]
}

export function sseHead(): Script {
  return [head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'transfer-encoding': 'chunked' })]
}

function portions(octets: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0, turn = 0; at < octets.length; turn++) {
    const size = sizes.length === 0 ? octets.length : Math.max(1, sizes[turn % sizes.length] ?? 1)
    parts.push(octets.subarray(at, at + size))
    at += size
  }
  return parts
}

const event = (choices: readonly object[], more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`

/** A whole chat stream with usage and `[DONE]`. */
export const CHAT_STREAM: string = [
  event([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
  event([{ index: 0, delta: { content: 'Grüß ' }, finish_reason: null }]),
  event([{ index: 0, delta: { content: 'dich 👋' }, finish_reason: null }]),
  event([{ index: 0, delta: {}, finish_reason: 'stop' }]),
  event([], { usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }),
  'data: [DONE]\n\n',
].join('')

/** Two tool calls whose arguments come in parts. */
export const TOOL_CALL_STREAM: string = [
  event([
    {
      index: 0,
      delta: {
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      finish_reason: null,
    },
  ]),
  event([{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] }, finish_reason: null }]),
  event([{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '1}' } }] }, finish_reason: null }]),
  event([
    {
      index: 0,
      delta: { tool_calls: [{ index: 1, id: 'call_b', type: 'function', function: { name: 'g', arguments: '{}' } }] },
      finish_reason: null,
    },
  ]),
  event([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]),
  'data: [DONE]\n\n',
].join('')

/** Ends in good form, but no choice ever got its `finish_reason`. */
export const CUT_STREAM: string = CHAT_STREAM.split('\n\n').slice(0, 2).join('\n\n').concat('\n\n')

/** One whole chat completion. */
export const CHAT_COMPLETION: object = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 },
}

/** One event of `/v1/responses`. */
export const responseEvent = (type: string, more: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

export const RESPONSE: object = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'm',
  status: 'completed',
  error: null,
  incomplete_details: null,
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Grüß dich', annotations: [] }],
    },
  ],
  usage: { input_tokens: 7, output_tokens: 2, total_tokens: 9 },
}

const MESSAGE = { item_id: 'msg_1', output_index: 0, content_index: 0 }

/** The events of a response before its last. */
export const RESPONSE_EVENTS: readonly string[] = [
  responseEvent('response.created', {
    response: { ...RESPONSE, status: 'in_progress', output: [], usage: null },
    sequence_number: 0,
  }),
  responseEvent('response.output_item.added', {
    output_index: 0,
    item: { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] },
    sequence_number: 1,
  }),
  responseEvent('response.content_part.added', {
    ...MESSAGE,
    part: { type: 'output_text', text: '', annotations: [] },
    sequence_number: 2,
  }),
  responseEvent('response.output_text.delta', { ...MESSAGE, delta: 'Grüß ', sequence_number: 3 }),
  responseEvent('response.output_text.delta', { ...MESSAGE, delta: 'dich', sequence_number: 4 }),
]

/** A whole stream of `/v1/responses`. */
export const RESPONSE_STREAM: string = [
  ...RESPONSE_EVENTS,
  responseEvent('response.completed', { response: RESPONSE, sequence_number: 5 }),
].join('')

export const TEXT_COMPLETION: object = {
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, text: ' upon', finish_reason: 'length', logprobs: null }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

/** A whole stream of `/v1/completions`. */
export const TEXT_STREAM: string = [
  { index: 0, text: ' upon', finish_reason: null },
  { index: 0, text: ' a time', finish_reason: 'stop' },
]
  .map((choice) => `data: ${JSON.stringify({ ...TEXT_COMPLETION, choices: [choice], usage: null })}\n\n`)
  .concat('data: [DONE]\n\n')
  .join('')

/** Says more octets than it sends. */
export function truncatedLength(): Script {
  return [head(200, { 'content-type': 'application/json', 'content-length': 100 }), { write: text('{"id":') }, 'end']
}

/** The connection is reset after the first events. */
export function resetMidStream(): Script {
  return [...sseHead(), ...chunked([text(CUT_STREAM)]), 'reset']
}

/** Takes the request and says nothing. */
export const hang: Script = ['hang']

/** Some events, then nothing. */
export function hangMidStream(): Script {
  return [...sseHead(), ...chunked([text(CUT_STREAM)]), 'hang']
}

export function badJson(): Script {
  return content(text('{"id": "chatcmpl-1", "choices": ['))
}

/** A content-coding that was not asked for. */
export function gzip(): Script {
  const body = gzipSync('{}')
  return [
    head(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': body.length }),
    { write: body },
  ]
}

/** One event that never ends. */
export function hugeLine(octets: number): Script {
  return [
    head(200, { 'content-type': 'text/event-stream' }),
    { write: text('data: ') },
    { flood: Math.ceil(octets / 65_536), chunk: new Uint8Array(65_536).fill(0x61) },
    'end',
  ]
}

export function redirect(location: string): Script {
  return [head(307, { location, 'content-length': 0 })]
}

/** Error bodies as model servers spell them. */
export const ERROR_BODIES = {
  openai: '{"error":{"message":"bad thing","type":"invalid_request_error","param":"messages","code":"bad"}}',
  flat: '{"message":"bad thing"}',
  vllm: '{"object":"error","message":"bad thing","type":"BadRequestError","param":null,"code":400}',
  fastapi: '{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{"secret":1}}]}',
  ollama: '{"error":"bad thing"}',
  html: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>',
  empty: '',
} as const

export function errorAnswer(status: number, shape: keyof typeof ERROR_BODIES): Script {
  return content(text(ERROR_BODIES[shape]), { status, type: shape === 'html' ? 'text/html' : 'application/json' })
}

/** Each portion waits for its gate. */
export function gated(portionsAndGates: readonly (readonly [string, Promise<unknown>])[]): Script {
  const steps = portionsAndGates.flatMap(([portion, gate]): Step[] => [{ until: gate }, ...chunked([text(portion)])])
  return [...sseHead(), ...steps, lastChunk]
}
