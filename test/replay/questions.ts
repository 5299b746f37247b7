/** Questions of all forms that the embedded model takes, by number: the same number is the same question. */

const PROMPTS = [
  'What is a receipt?',
  'q7 zz 0 ?',
  'Where is the lamp of Ada Quill?',
  'naïve 日本 <|end|> 7',
  'Hi',
  '1 + 1 = 2, 3 ?',
]
const STOPS = [undefined, ['.'], [' the', 'e'], undefined, '\n'] as const

/** A function that is called where a question says so, with arguments of all forms. */
export const SEARCH = {
  type: 'function',
  function: {
    name: 'search',
    parameters: {
      type: 'object',
      properties: {
        query: { type: 'string' },
        depth: { type: 'integer', minimum: 1, maximum: 20 },
        order: { enum: ['newest', 'oldest', null] },
        exact: { type: 'boolean' },
        note: { type: 'string' },
      },
      required: ['query', 'depth', 'order', 'exact', 'note'],
    },
  },
} as const

/** What a tool gave, as the messages of a conversation have it. */
export const ROUND = [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search', arguments: '{"query":"receipt"}' } }],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'A receipt is a signed record, 日本.' },
] as const

/** The members of a chat request but for the model. */
export function questionOf(number: number): object {
  const pick = <T>(list: readonly T[], step: number): T | undefined => list[Math.floor(number / step) % list.length]
  const stop = pick(STOPS, 2)
  const user = { role: 'user', content: `${pick(PROMPTS, 1)}${number % 4 === 3 ? ` ${number}` : ''}` }
  const stream = number % 2 === 1
  // Not where several choices are asked for.
  const call = (number % 8 === 4 || number % 8 === 7) && number % 6 !== 5
  const round = number % 9 >= 7 ? ROUND : []
  return {
    messages: [...(number % 5 === 4 ? [{ role: 'system', content: `Be brief, ${number}.` }] : []), user, ...round],
    ...(call || number % 10 === 0 ? { tools: [SEARCH] } : {}),
    ...(call ? { tool_choice: 'required' } : {}),
    temperature: pick([0, 0.7, 1.3, 2], 1),
    ...(number % 3 === 0 ? {} : { seed: number * 7919 }),
    ...(number % 7 === 6 ? { top_p: 0.6 } : {}),
    ...(stop === undefined ? {} : { stop }),
    ...(number % 6 === 5 ? { n: 2 } : {}),
    ...(number % 4 === 2 ? { logprobs: true, top_logprobs: number % 5 } : {}),
    ...(stream ? { stream, stream_options: { include_usage: number % 4 === 1 } } : {}),
    max_tokens: (call ? 150 : 4) + (number % 13),
  }
}
