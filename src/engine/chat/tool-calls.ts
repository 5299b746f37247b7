/**
 * Calls of tools in the messages of a chat, and what they gave: that each is answered, and how the model reads them.
 *
 * The chat template knows no calls, and the model was taught to take what it should know from a system message before the question. So a round
 * becomes one: what the assistant said beside its calls, a line `name(arguments)` for each call, then each result, in the order of the
 * messages. It stands right before the newest message of the user. Ids tie results to calls and are not read. @module
 */
import { isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { MemberReader } from './member-reader.ts'
import { Refusal } from './refusal.ts'

/** Name and arguments are the client's text, or that of another model: neither need be of a tool that there is. */
export interface DecodedCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** @throws Refusal */
export function decodeCalls(value: JsonValue, path: string): readonly DecodedCall[] {
  if (!Array.isArray(value)) throw new Refusal(`${path} must be a list`, { param: path })
  const calls = value.map((call: JsonValue, i) => decodeCall(call, `${path}[${i}]`))
  if (new Set(calls.map(({ id }) => id)).size < calls.length)
    throw new Refusal(`${path} holds two calls of one id`, { param: path })
  return calls
}

function decodeCall(value: JsonValue, path: string): DecodedCall {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  const id = reader.text('id')
  if (reader.text('type') !== 'function') throw new Refusal(`${path}.type must be function`, { param: `${path}.type` })
  const called = reader.required('function')
  if (!isJsonObject(called)) throw new Refusal(`${path}.function must be an object`, { param: `${path}.function` })
  const members = new MemberReader(called, `${path}.function`)
  const call = { id, name: members.text('name'), arguments: members.text('arguments') }
  if (reader.rest().length > 0 || members.rest().length > 0)
    throw new Refusal(`${path} holds a member that is not supported`, { param: path, code: 'unsupported_parameter' })
  return call
}

/** Goes along the messages: a round begins with calls, and ends with whatever is no result. */
export class ToolRound {
  readonly #open: Set<string> = new Set()
  #lines: string[] = []

  /** @param said beside the calls; may be empty */
  begin(said: string, calls: readonly DecodedCall[]): void {
    for (const { id } of calls) this.#open.add(id)
    this.#lines = [...(said === '' ? [] : [said]), ...calls.map((call) => `${call.name}(${call.arguments})`)]
  }

  /** A result must be of the calls right before it, once for each. */
  result(id: string, content: string, param: string): void {
    if (!this.#open.delete(id))
      throw new Refusal(`${param} answers no call of the assistant message before it`, { param })
    this.#lines.push(content)
  }

  /** @returns how the model reads the round; undefined where there was none */
  end(param: string): string | undefined {
    if (this.#open.size > 0)
      throw new Refusal(`${param}: a call of the assistant message before it has no result`, { param })
    const text = this.#lines.join('\n')
    const any = this.#lines.length > 0
    this.#lines = []
    return any ? text : undefined
  }
}
