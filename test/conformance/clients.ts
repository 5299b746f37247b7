/** The clients of Node, each bare or verifying, as one function: ask, and read the answer to its end. @module */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { AIMessageChunk } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { dynamicTool, generateText, jsonSchema, type LanguageModel, streamText, type ToolSet } from 'ai'
import OpenAI from 'openai'
import { createCountersign, notVerifiedOf } from '../../src/adapters/ai-sdk/index.ts'
import { createCountersignChat } from '../../src/adapters/langchain/index.ts'
import { type AttestedFetchOptions, createAttestedFetch } from '../../src/client/index.ts'
import type { Answer } from './outcome.ts'
import { MODEL, question } from './question.ts'

export interface Client {
  readonly name: string
  readonly form: 'whole' | 'stream'
  /** Reads to the end. Throws what the client throws or shows. */
  ask(variant: string): Promise<Answer>
}

/** Where to ask; with `trust` every answer is verified. */
export interface Target {
  readonly base: string
  readonly trust?: AttestedFetchOptions
}

const NOTHING: Answer = { text: '', tools: [], finish: '' }
const messagesOf = (variant: string) => [{ role: 'user' as const, content: question(variant) }]
const call = (name: string | undefined, args: unknown): string =>
  `${name}(${typeof args === 'string' ? args : JSON.stringify(args)})`

export function nodeClients(target: Target): readonly Client[] {
  return [...openaiClients(target), ...aiSdkClients(target), ...langchainClients(target)]
}

function openaiClients({ base, trust }: Target): readonly Client[] {
  const client = new OpenAI({
    baseURL: base,
    apiKey: 'unused',
    maxRetries: 0,
    // Garbage of the model server would be printed otherwise.
    logLevel: 'off',
    ...(trust === undefined ? {} : { fetch: createAttestedFetch(trust) }),
  })
  return [
    {
      name: 'openai create',
      form: 'whole',
      ask: async (variant) => {
        const { choices } = await client.chat.completions.create({ model: MODEL, messages: messagesOf(variant) })
        return readMessage(choices)
      },
    },
    {
      name: 'openai create stream',
      form: 'stream',
      ask: async (variant) => {
        const params = { model: MODEL, messages: messagesOf(variant), stream: true } as const
        return readChunks(await client.chat.completions.create(params))
      },
    },
    {
      name: 'openai .stream()',
      form: 'stream',
      ask: async (variant) => {
        const runner = client.chat.completions.stream({ model: MODEL, messages: messagesOf(variant) })
        const { choices } = await runner.finalChatCompletion()
        return readMessage(choices)
      },
    },
  ]
}

function readMessage(choices: readonly OpenAI.ChatCompletion.Choice[]): Answer {
  const [choice] = choices
  if (choice === undefined) return NOTHING
  const tools = (choice.message.tool_calls ?? []).map((made) =>
    made.type === 'function' ? call(made.function.name, made.function.arguments) : made.type,
  )
  return { text: choice.message.content ?? '', tools, finish: choice.finish_reason }
}

async function readChunks(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<Answer> {
  const answer = { text: '', finish: '' }
  const tools: { name: string; args: string }[] = []
  for await (const { choices } of chunks) {
    const choice = choices.find(({ index }) => index === 0)
    answer.text += choice?.delta.content ?? ''
    answer.finish = choice?.finish_reason ?? answer.finish
    for (const { index, function: made } of choice?.delta.tool_calls ?? []) {
      const known = tools[index] ?? { name: '', args: '' }
      tools[index] = { name: known.name + (made?.name ?? ''), args: known.args + (made?.arguments ?? '') }
    }
  }
  return { ...answer, tools: tools.map(({ name, args }) => call(name, args)) }
}

function aiSdkClients({ base, trust }: Target): readonly Client[] {
  const settings = { baseURL: base, apiKey: 'unused', name: 'gateway' }
  const provider = trust === undefined ? createOpenAICompatible(settings) : createCountersign({ ...settings, ...trust })
  const model: LanguageModel = provider(MODEL)
  const anything = dynamicTool({ inputSchema: jsonSchema({ type: 'object' }), execute: async () => 'done' })
  const tools: ToolSet = { f: anything, g: anything }
  return [
    {
      name: 'AI SDK generateText',
      form: 'whole',
      ask: async (variant) => {
        const { text, toolCalls, rawFinishReason } = await generateText({
          model,
          tools,
          prompt: question(variant),
          maxRetries: 0,
        })
        return {
          text,
          tools: toolCalls.map(({ toolName, input }) => call(toolName, input)),
          finish: rawFinishReason ?? '',
        }
      },
    },
    {
      name: 'AI SDK streamText',
      form: 'stream',
      ask: async (variant) => {
        const result = streamText({ model, tools, prompt: question(variant), maxRetries: 0, onError: () => undefined })
        return readParts(result.fullStream)
      },
    },
  ]
}

type Part = ReturnType<typeof streamText>['fullStream'] extends AsyncIterable<infer P> ? P : never

/** The SDK throws nothing: an error is a part, and what finished has a part that says so. */
async function readParts(parts: AsyncIterable<Part>): Promise<Answer> {
  const answer = { text: '', finish: '' }
  const tools: string[] = []
  const errors: unknown[] = []
  for await (const part of parts) {
    if (part.type === 'text-delta') answer.text += part.text
    else if (part.type === 'tool-call') tools.push(call(part.toolName, part.input))
    else if (part.type === 'error') errors.push(part.error)
    else if (part.type === 'finish-step' && part.finishReason !== 'error') answer.finish = part.rawFinishReason ?? ''
  }
  if (errors.length > 0 && answer.finish === '')
    throw errors.find((error) => notVerifiedOf(error) !== undefined) ?? errors[0]
  return { ...answer, tools, ...(errors.length > 0 ? { finish: `${answer.finish} after an error` } : {}) }
}

function langchainClients({ base, trust }: Target): readonly Client[] {
  const fields = { model: MODEL, apiKey: 'unused', maxRetries: 0 }
  const model =
    trust === undefined
      ? new ChatOpenAI({ ...fields, configuration: { baseURL: base, logLevel: 'off' } })
      : createCountersignChat({ ...fields, ...trust, baseURL: base, configuration: { logLevel: 'off' } })
  return [
    {
      name: 'LangChain invoke',
      form: 'whole',
      ask: async (variant) => readLangchain(await model.invoke(question(variant))),
    },
    {
      name: 'LangChain stream',
      form: 'stream',
      ask: async (variant) => {
        let whole: AIMessageChunk | undefined
        for await (const chunk of await model.stream(question(variant))) {
          // It shows every choice in one stream, marked.
          if (Number(chunk.response_metadata['completion'] ?? 0) === 0) whole = whole?.concat(chunk) ?? chunk
        }
        return whole === undefined ? NOTHING : readLangchain(whole)
      },
    },
  ]
}

function readLangchain({
  text,
  tool_calls: made = [],
  response_metadata: { finish_reason: finish },
}: Pick<AIMessageChunk, 'text' | 'tool_calls' | 'response_metadata'>): Answer {
  return { text, tools: made.map(({ name, args }) => call(name, args)), finish: String(finish ?? '') }
}
