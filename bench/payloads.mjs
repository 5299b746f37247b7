/** What is asked and answered: the model's name in a request says how the mock model server behaves. */

/** The models of the mock server. */
export const MODELS = {
  /** One JSON answer of 1 KB. */
  whole: 'whole',
  /** A stream whose first event comes at once and whose end comes right after. */
  brief: 'brief',
  /** A stream of {@link PACED_EVENTS} events, one every {@link PACE_MS}. */
  paced: 'paced',
  /** A stream that falls silent behind its first event. */
  held: 'held',
}

export const PACED_EVENTS = 500
export const PACE_MS = 3
export const CHAT_PATH = '/v1/chat/completions'
const SIZE = 1024

/** Pads `make(text)` to exactly `size` octets. */
function sized(size, make) {
  const text = 'What does a receipt prove about an answer? '.repeat(size / 40)
  return make(text.slice(0, size - make('').length))
}

/** A chat request of 1 KB. */
export function chatRequest(model, { stream = model !== MODELS.whole } = {}) {
  const body = (content) => JSON.stringify({ model, stream, temperature: 0, messages: [{ role: 'user', content }] })
  return Buffer.from(sized(SIZE, body))
}

/** An unstreamed answer of 1 KB. */
export const wholeAnswer = Buffer.from(
  sized(SIZE, (content) =>
    JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion',
      created: 1790000000,
      model: MODELS.whole,
      choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 200, completion_tokens: 190, total_tokens: 390 },
    }),
  ),
)

function event(delta, finishReason) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }]
  const data = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1790000000, model: 'mock', choices }
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`)
}

/** An event of about 200 octets. */
export const deltaEvent = event({ content: ' receipt after receipt' }, null)
/** The events that end a stream. */
export const lastEvents = Buffer.concat([event({}, 'stop'), Buffer.from('data: [DONE]\n\n')])
