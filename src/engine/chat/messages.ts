/** The messages of a chat request: roles and texts; anything that would not reach the model is refused. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { ChatMessage } from '../chat-template.ts'
import { MemberReader } from './member-reader.ts'
import { Refusal } from './refusal.ts'
import { type DecodedCall, decodeCalls, ToolRound } from './tool-calls.ts'

type Said = ChatMessage['role']

/** Role in the request -> role in the template. */
const ROLES: Readonly<Record<string, Said>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
}

type Decoded =
  | { readonly kind: 'said'; readonly role: Said; readonly content: string }
  | { readonly kind: 'asked'; readonly content: string; readonly calls: readonly DecodedCall[] }
  | { readonly kind: 'result'; readonly content: string; readonly id: string }

/** @throws Refusal that names the message, never repeats it */
export function decodeMessages(value: JsonValue): readonly ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new Refusal('messages must be a list of at least one message', { param: 'messages' })
  const messages: ChatMessage[] = []
  const round = new ToolRound()
  let question: number | undefined
  const endRound = (path: string): void => {
    const content = round.end(path)
    if (content === undefined) return
    messages.splice(question ?? messages.length, 0, { role: 'system', content })
    if (question !== undefined) question += 1
  }
  for (const [i, message] of value.entries()) {
    const path = `messages[${i}]`
    const decoded = decodeMessage(message, path)
    if (decoded.kind === 'result') {
      round.result(decoded.id, decoded.content, `${path}.tool_call_id`)
      continue
    }
    endRound(path)
    if (decoded.kind === 'asked') round.begin(decoded.content, decoded.calls)
    else {
      if (decoded.role === 'user') question = messages.length
      messages.push({ role: decoded.role, content: decoded.content })
    }
  }
  endRound('messages')
  return messages
}

function decodeMessage(value: JsonValue, path: string): Decoded {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  const name = reader.text('role')
  const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined
  if (role === undefined)
    throw new Refusal(`${path}.role must be one of ${Object.keys(ROLES).join(', ')}`, { param: `${path}.role` })
  const decoded =
    role === 'assistant' && asksForCalls(value) ? decodeAsking(reader, path) : decodeSaid(reader, role, path)
  // Members that an answer of ours holds are null or empty when it is sent back; all others would be dropped unseen.
  const [unknown] = reader.rest()
  if (unknown !== undefined)
    throw new Refusal(`${path} holds a member that this model does not support`, {
      param: /^[A-Za-z0-9_.[\]]{1,128}$/.test(unknown) ? unknown : path,
      code: 'unsupported_parameter',
    })
  return decoded
}

function decodeSaid(reader: MemberReader, role: Said, path: string): Decoded {
  const content = decodeContent(reader.required('content'), `${path}.content`)
  return role === 'tool'
    ? { kind: 'result', id: reader.text('tool_call_id'), content }
    : { kind: 'said', role, content }
}

function asksForCalls({ tool_calls: calls }: JsonObject): boolean {
  return calls !== undefined && calls !== null && !(Array.isArray(calls) && calls.length === 0)
}

/** A message that asks for calls may say something beside them. */
function decodeAsking(reader: MemberReader, path: string): Decoded {
  const calls = decodeCalls(reader.required('tool_calls'), `${path}.tool_calls`)
  const content = reader.optional('content')
  return { kind: 'asked', calls, content: content === undefined ? '' : decodeContent(content, `${path}.content`) }
}

/** Text parts are joined by a line feed. */
function decodeContent(value: JsonValue, path: string): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || value.length === 0)
    throw new Refusal(`${path} must be a string or a list of text parts`, { param: path })
  return value.map((part: JsonValue, i) => decodePart(part, `${path}[${i}]`)).join('\n')
}

function decodePart(value: JsonValue, path: string): string {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  if (reader.text('type') !== 'text')
    throw new Refusal(`${path}.type must be text: this model reads nothing else`, { param: `${path}.type` })
  const text = reader.text('text')
  if (reader.rest().length > 0) throw new Refusal(`${path} holds a member that is not supported`, { param: path })
  return text
}
