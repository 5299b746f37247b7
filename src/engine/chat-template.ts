/**
 * The chat template: messages to the text that the network reads, and to its tokens. The same rendering as
 * model/chat_template.jinja, which stands there for people and other engines; a test holds the two together. @module
 */
import { EngineError } from './errors.ts'
import { encode } from './tokenizer.ts'
import type { SpecialToken, Vocabulary } from './vocabulary.ts'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
}

type Segment = { readonly special: SpecialToken } | { readonly text: string }

const ROLE_TOKENS: Readonly<Record<ChatMessage['role'], SpecialToken>> = {
  system: '<|system|>',
  user: '<|user|>',
  assistant: '<|assistant|>',
  tool: '<|tool|>',
}

/**
 * The prompt as text, with the opening of the answer at its end. For reading and hashing: the network gets
 * {@link encodeChat}, in which a message that spells a special token stays plain text.
 */
export function renderChat(messages: readonly ChatMessage[]): string {
  return segments(messages)
    .map((segment) => ('special' in segment ? segment.special : segment.text))
    .join('')
}

/**
 * The prompt as tokens. Special tokens come from the template alone, so no message can forge the end of itself or another role.
 * @throws EngineError context_length_exceeded when fewer than one token is left for the answer, before any costly work
 */
export function encodeChat(
  vocabulary: Vocabulary,
  messages: readonly ChatMessage[],
  contextLength: number,
): Int32Array {
  if (messages.length === 0) throw new EngineError('invalid_option', 'messages must not be empty')
  // A token has at most `longest` bytes and a UTF-16 unit at least one: what is longer than this cannot fit.
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0)
  if (2 * messages.length + 1 + characters / vocabulary.longest >= contextLength) throw tooLong(contextLength)
  const tokens: number[] = []
  for (const segment of segments(messages)) {
    if ('special' in segment) tokens.push(vocabulary.special[segment.special])
    else for (const token of encode(vocabulary, segment.text)) tokens.push(token)
  }
  if (tokens.length >= contextLength) throw tooLong(contextLength)
  return Int32Array.from(tokens)
}

function segments(messages: readonly ChatMessage[]): readonly Segment[] {
  const list: Segment[] = []
  for (const { role, content } of messages) {
    list.push({ special: ROLE_TOKENS[role] }, { text: content }, { special: '<|end|>' })
  }
  list.push({ special: '<|assistant|>' })
  return list
}

function tooLong(contextLength: number): EngineError {
  return new EngineError(
    'context_length_exceeded',
    `the messages leave no room for an answer in this model's context of ${contextLength} tokens`,
  )
}
