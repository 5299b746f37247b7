/** Questions that rely on more than the model, by number: the same number is the same question. */

/** What one question relies on beside the model. */
export interface ContextParts {
  readonly search: boolean
  readonly tool: 'lamps' | 'small' | 'none'
  readonly prompt: boolean
  readonly memory: boolean
}

const PROMPTS = [
  'How is a receipt verified?',
  'Which lamp is in the attic, 7 or 12?',
  'What do witnesses sign?',
  'naïve 日本 7',
  'Who holds the log?',
]
const TOOLS = ['lamps', 'small', 'none', 'lamps', 'small'] as const

export function partsOf(number: number): ContextParts {
  const tool = TOOLS[number % TOOLS.length] ?? 'none'
  // What relies on nothing more is asked elsewhere.
  return { search: number % 2 === 0 || tool === 'none', tool, prompt: number % 4 === 1, memory: number % 7 < 2 }
}

const ALLOWED = { lamps: 'find', small: 'echo' } as const

function toolsOf({ search, tool }: ContextParts, number: number): readonly object[] {
  return [
    ...(search ? [{ type: 'file_search', vector_store_ids: ['docs'], max_num_results: number % 8 === 0 ? 2 : 1 }] : []),
    ...(tool === 'none' ? [] : [{ type: 'mcp', server_label: tool, allowed_tools: [ALLOWED[tool]] }]),
  ]
}

function choiceOf({ tool }: ContextParts, number: number): object {
  if (tool === 'none') return {}
  const named = { type: 'function', function: { name: `${tool}__${ALLOWED[tool]}` } }
  return { tool_choice: number % 4 === 0 ? named : 'required' }
}

/** The members of a chat request but for the model. */
export function contextQuestionOf(number: number): object {
  const parts = partsOf(number)
  const tools = toolsOf(parts, number)
  const content = `${PROMPTS[number % PROMPTS.length]}${number % 4 === 3 ? ` ${number}` : ''}`
  const stream = number % 4 >= 2
  return {
    messages: [{ role: 'user', content }],
    ...(tools.length > 0 && { tools }),
    ...choiceOf(parts, number),
    ...(parts.prompt && { prompt: { id: 'short', version: '1', variables: { style: 'briefly', part: `${number}` } } }),
    temperature: [0, 0.7, 1.3][number % 3],
    ...(number % 3 === 2 ? {} : { seed: number * 7919 }),
    ...(number % 11 === 6 ? { top_p: 0.6 } : {}),
    ...(stream ? { stream, stream_options: { include_usage: number % 8 >= 4 } } : {}),
    max_tokens: (parts.tool === 'small' ? 60 : 40) + (number % 5),
  }
}

/** The turn before, where the question goes on from one. */
export function turnBefore(number: number): object | undefined {
  if (!partsOf(number).memory) return undefined
  return {
    messages: [{ role: 'user', content: `My lamp has the number ${number}.` }],
    store: true,
    temperature: 0.7,
    max_tokens: 4 + (number % 5),
  }
}
