/**
 * Tools of a chat request. The model was not taught to call any, so definitions are no part of its prompt: it calls a function where the
 * request demands that (`tool_choice` names one, or is `required`, which takes the first), and else answers in text. @module
 */
import { sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { CallForm } from '../call/plan.ts'
import type { ChatMessage } from '../chat-template.ts'
import { decodeParameters } from './call-schema.ts'
import { MemberReader } from './member-reader.ts'
import { Refusal } from './refusal.ts'

/** A call that the answer must be. */
export interface ForcedCall extends CallForm {
  readonly id: string
}

interface Tool {
  readonly name: string
  readonly parameters: JsonValue
  readonly path: string
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const ID_OCTETS = 12

/**
 * The id is `call_` and 24 hexadecimal digits of the SHA-256 of the request: the same octets lead to the same call.
 * @throws Refusal
 */
export function decodeTools(
  reader: MemberReader,
  { messages, body }: { readonly messages: readonly ChatMessage[]; readonly body: Uint8Array },
): ForcedCall | undefined {
  const tools = decodeList(reader.optional('tools') ?? [])
  const tool = chooseTool(reader.optional('tool_choice') ?? 'auto', tools)
  // One call at most is made in any case.
  reader.flag('parallel_tool_calls')
  if (tool === undefined) return undefined
  const source = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  return {
    id: `call_${encodeHex(sha256(body).subarray(0, ID_OCTETS))}`,
    name: tool.name,
    fields: decodeParameters(tool.parameters, `${tool.path}.parameters`, source),
    source,
  }
}

function decodeList(value: JsonValue): readonly Tool[] {
  if (!Array.isArray(value)) throw new Refusal('tools must be a list', { param: 'tools' })
  const tools = value.map((tool: JsonValue, i) => decodeTool(tool, `tools[${i}]`))
  if (new Set(tools.map(({ name }) => name)).size < tools.length)
    throw new Refusal('two tools have one name', { param: 'tools' })
  return tools
}

function decodeTool(value: JsonValue, path: string): Tool {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  if (reader.text('type') !== 'function')
    throw new Refusal(`${path}.type must be function: this model calls nothing else`, { param: `${path}.type` })
  const definition = reader.required('function')
  if (!isJsonObject(definition)) throw new Refusal(`${path}.function must be an object`, { param: path })
  const members = new MemberReader(definition, `${path}.function`)
  const name = members.text('name')
  const param = `${path}.function.name`
  if (!NAME.test(name)) throw new Refusal(`${param} must be 1 to 64 letters, digits, _ and -`, { param })
  if (members.optional('description') !== undefined) members.text('description')
  members.flag('strict')
  const parameters = members.optional('parameters') ?? {}
  if (reader.rest().length > 0 || members.rest().length > 0)
    throw new Refusal(`${path} holds a member that is not supported`, { param: path, code: 'unsupported_parameter' })
  return { name, parameters, path: `${path}.function` }
}

/** undefined: the answer is text. */
function chooseTool(choice: JsonValue, tools: readonly Tool[]): Tool | undefined {
  if (choice === 'none' || choice === 'auto') return undefined
  const tool = choice === 'required' ? tools[0] : tools.find(({ name }) => name === nameOf(choice))
  if (tool === undefined)
    throw new Refusal(
      'tool_choice must be none, auto, required, or {"type":"function","function":{"name":…}} that names one of the tools',
      { param: 'tool_choice' },
    )
  return tool
}

function nameOf(choice: JsonValue): JsonValue | undefined {
  if (!isJsonObject(choice) || choice['type'] !== 'function' || !isJsonObject(choice['function'])) return undefined
  return choice['function']['name']
}
