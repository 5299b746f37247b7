/** The messages of a chat request: roles and texts; anything that would not reach the model is refused. @module */
import { isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { ChatMessage } from '../chat-template.ts'
import { MemberReader } from './member-reader.ts'
import { Refusal } from './refusal.ts'

/** Role in the request -> role in the template. `tool` is missing: there are no tool calls that it could answer. */
const ROLES: Readonly<Record<string, ChatMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
}

/** @throws Refusal that names the message, never repeats it */
export function decodeMessages(value: JsonValue): readonly ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new Refusal('messages must be a list of at least one message', { param: 'messages' })
  return value.map((message: JsonValue, i) => decodeMessage(message, `messages[${i}]`))
}

function decodeMessage(value: JsonValue, path: string): ChatMessage {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  const name = reader.text('role')
  const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined
  if (role === undefined)
    throw new Refusal(`${path}.role must be one of ${Object.keys(ROLES).join(', ')}`, { param: `${path}.role` })
  const content = decodeContent(reader.required('content'), `${path}.content`)
  // Members that an answer of ours holds are null or empty when it is sent back; all others would be dropped unseen.
  const [unknown] = reader.rest()
  if (unknown !== undefined)
    throw new Refusal(`${path} holds a member that this model does not support`, {
      param: /^[A-Za-z0-9_.[\]]{1,128}$/.test(unknown) ? unknown : path,
      code: 'unsupported_parameter',
    })
  return { role, content }
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
