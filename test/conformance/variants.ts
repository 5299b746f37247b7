/** Ways in which a model server answers: what it sends, and what an application may take for its answer. Data. @module */
import {
  badJson,
  CHAT_COMPLETION,
  CHAT_STREAM,
  CUT_STREAM,
  chunked,
  content,
  ERROR_BODIES,
  errorAnswer,
  gzip,
  hang,
  hangMidStream,
  head,
  hugeLine,
  json,
  redirect,
  sse,
  sseHead,
  TOOL_CALL_STREAM,
  truncatedLength,
} from '../server/upstream/mock-answers.ts'
import type { Script } from '../server/upstream/mock-upstream.ts'
import type { Answer } from './outcome.ts'

/** Answers to the two forms of a request; a form that is absent is not asked for. */
export interface Variant {
  readonly whole?: Script
  readonly stream?: Script
  /** What either says, if it comes to an end. */
  readonly says?: Answer
  /** Clients that cannot ask for such an answer. */
  readonly without?: readonly string[]
}

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const HELLO: Answer = { text: 'Hello', tools: [], finish: 'stop' }
const event = (choice: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice], ...more })}\n\n`
const delta = (text: string, more: object = {}): string =>
  event({ index: 0, delta: { content: text }, finish_reason: null, ...more })
const FIRST = event({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null })
const end = (finish: string): string => event({ index: 0, delta: {}, finish_reason: finish })
const DONE = 'data: [DONE]\n\n'
const [A, B] = [delta('Hel'), delta('lo')]
/** Says what {@link CHAT_COMPLETION} says. */
const STREAM = `${FIRST}${A}${B}${end('stop')}${DONE}`
const BLOCKS: readonly string[] = [FIRST, A, B, end('stop'), DONE]

const whole = (message: object, finish: string, more: object = {}): Script =>
  json({
    ...CHAT_COMPLETION,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish, ...more }],
  })

/** Both forms say `Hello` and end for this reason; clients of one library each show it their way. */
const finishing = (finish: string): Variant => ({
  whole: whole({ content: 'Hello' }, finish),
  stream: sse(`${FIRST}${A}${B}${end(finish)}${DONE}`),
  says: { ...HELLO, finish },
})

const error = (status: number, shape: keyof typeof ERROR_BODIES): Variant => ({
  whole: errorAnswer(status, shape),
  stream: errorAnswer(status, shape),
})

const both = (script: Script): Variant => ({ whole: script, stream: script })
const streamed = (text: string): Variant => ({ stream: sse(text), says: HELLO })

const CALLS = [
  { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
  { id: 'call_b', type: 'function', function: { name: 'g', arguments: '{}' } },
]

/** Good answers, some in unusual spelling. */
const GOOD: Readonly<Record<string, Variant>> = {
  good: { whole: json(CHAT_COMPLETION), stream: sse(STREAM), says: HELLO },
  'octet-by-octet': { stream: sse(STREAM, [1]), says: HELLO },
  'not-ascii': {
    whole: whole({ content: 'Grüß dich 👋' }, 'stop'),
    stream: sse(CHAT_STREAM, [3]),
    says: { ...HELLO, text: 'Grüß dich 👋' },
  },
  tools: {
    whole: whole({ content: null, tool_calls: CALLS }, 'tool_calls'),
    stream: sse(TOOL_CALL_STREAM, [13]),
    says: { text: '', tools: ['f({"x":1})', 'g({})'], finish: 'tool_calls' },
  },
  'finish-length': finishing('length'),
  'finish-content-filter': finishing('content_filter'),
  'finish-function-call': finishing('function_call'),
  'finish-unknown': finishing('eos_token'),
  'finish-empty-before': {
    stream: sse(`${FIRST}${delta('Hel', { finish_reason: '' })}${B}${end('stop')}${DONE}`),
    says: HELLO,
  },
  'two-choices': {
    whole: json({
      ...CHAT_COMPLETION,
      choices: ['Hello', 'Hi'].map((text, index) => ({
        index,
        message: { role: 'assistant', content: text },
        finish_reason: 'stop',
      })),
    }),
    stream: sse(
      `${FIRST}${A}${event({ index: 1, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null })}${B}${event({ index: 1, delta: {}, finish_reason: 'stop' })}${end('stop')}${DONE}`,
    ),
    says: HELLO,
    // It has no option for more than one, and runs the texts of all into one.
    without: ['AI SDK streamText'],
  },
  reasoning: {
    whole: whole({ content: 'Hello', reasoning_content: 'Greet.' }, 'stop'),
    stream: sse(
      `${FIRST}${event({ index: 0, delta: { reasoning_content: 'Greet.' }, finish_reason: null })}${A}${B}${end('stop')}${DONE}`,
    ),
    says: HELLO,
  },
  comments: streamed(`: hello\n\n${FIRST}: keep-alive\n\n${A}:\n\n: keep-alive\n${B}${end('stop')}: bye\n\n${DONE}`),
  crlf: streamed(STREAM.replaceAll('\n', '\r\n')),
  cr: streamed(STREAM.replaceAll('\n', '\r')),
  'byte-order-mark': streamed(`\ufeff${STREAM}`),
  'no-space': streamed(STREAM.replaceAll('data: ', 'data:')),
  'event-names': streamed(STREAM.replaceAll('data: {', 'event: message\nid: 1\nretry: 10\ndata: {')),
  'no-done': streamed(BLOCKS.slice(0, -1).join('')),
  'event-without-choices': streamed(`${FIRST}${A}data: {}\n\n${B}${end('stop')}${DONE}`),
  'after-done': streamed(`${STREAM}${delta('!')}data: [DONE]\n\n: bye\n\n`),
}

/** Error answers as model servers and what stands before them spell them. */
const ERRORS: Readonly<Record<string, Variant>> = {
  'error-400': error(400, 'openai'),
  'error-400-flat': error(400, 'flat'),
  'error-400-vllm': error(400, 'vllm'),
  'error-422-fastapi': error(422, 'fastapi'),
  'error-401': error(401, 'openai'),
  'error-403': error(403, 'openai'),
  'error-404': error(404, 'ollama'),
  'error-429': error(429, 'openai'),
  'error-429-retry-after': both([
    head(429, { 'content-type': 'application/json', 'retry-after': 7, 'content-length': ERROR_BODIES.openai.length }),
    { write: octets(ERROR_BODIES.openai) },
  ]),
  'error-500': error(500, 'openai'),
  'error-502-html': error(502, 'html'),
  'error-503': error(503, 'openai'),
  'error-500-empty': error(500, 'empty'),
}

/** Neither form may ever look like a complete answer. */
const BROKEN: Readonly<Record<string, Variant>> = {
  'json-cut': { whole: badJson() },
  'length-beyond-body': { ...both(truncatedLength()) },
  'not-json': both(content(octets('Hello'), { type: 'application/json' })),
  'no-choices-at-all': both(json({ id: 'c', object: 'chat.completion', created: 1, model: 'm' })),
  'empty-200': both(content(octets(''))),
  'whole-for-stream': { stream: json(CHAT_COMPLETION) },
  'stream-for-whole': { whole: sse(STREAM) },
  'cut-in-block': {
    stream: [
      ...sseHead(),
      ...chunked([octets(STREAM.slice(0, STREAM.length - end('stop').length - DONE.length - 9))]),
      'end',
    ],
  },
  'ends-in-block': { stream: sse(`${FIRST}${A}${B.slice(0, 40)}`) },
  'no-finish': { stream: sse(CUT_STREAM) },
  'no-finish-done': { stream: sse(`${FIRST}${A}${DONE}`) },
  'one-of-two-finishes': {
    stream: sse(
      `${FIRST}${A}${event({ index: 1, delta: { content: 'Hi' }, finish_reason: null })}${end('stop')}${DONE}`,
    ),
  },
  'only-done': { stream: sse(DONE) },
  'no-events': { stream: sse(': hello\n\n') },
  'error-event': { stream: sse(`${FIRST}${A}data: ${ERROR_BODIES.openai}\n\n`) },
  'error-event-first': { stream: sse(`data: ${ERROR_BODIES.openai}\n\n`) },
  'error-event-done': { stream: sse(`${FIRST}${A}event: error\ndata: ${ERROR_BODIES.vllm}\n\n${DONE}`) },
  'garbage-event': { stream: sse(`${FIRST}${A}data: {"choices": [\n\n${B}${end('stop')}${DONE}`) },
  'huge-line': { stream: hugeLine(2 << 20) },
  gzip: both(gzip()),
  redirect: both(redirect('http://127.0.0.1:9/')),
  silent: both(hang),
  'silent-in-stream': { stream: hangMidStream() },
}

/** The connection is reset before the first event, and behind each. */
const RESETS: Readonly<Record<string, Variant>> = Object.fromEntries(
  Array.from({ length: BLOCKS.length + 1 }, (_, count) => [
    `reset-${count}`,
    {
      stream: [...sseHead(), ...BLOCKS.slice(0, count).flatMap((block) => chunked([octets(block)])), 'reset'],
      says: HELLO,
    },
  ]),
)

export const VARIANTS: Readonly<Record<string, Variant>> = { ...GOOD, ...ERRORS, ...BROKEN, ...RESETS }

/** Of these no client may ever show a complete answer. */
export const NEVER_COMPLETE: readonly string[] = [
  ...Object.keys(ERRORS),
  ...Object.keys(BROKEN),
  // After the last event, `[DONE]`, nothing is missing.
  ...Object.keys(RESETS).slice(0, -1),
]

/** Asked when the model server is gone. */
export const REFUSED = 'connection-refused'
