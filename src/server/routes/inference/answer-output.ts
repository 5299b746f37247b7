/** What a conversation goes on with after an answer, and the calls that it asks for. Every octet is the model server's choice. @module */
import { encodeJcs } from '../../../core/encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { type ChoiceMerger, outputDigest } from '../../../core/receipt/merged-choices.ts'
import { MalformedError } from '../../../errors.ts'
import type { ModelCall } from '../../context/types.ts'
import type { AnswerOutput } from './operation.ts'

/** Of an answer that is none, or that has no merged form: it passes as it is, and nothing is built on it. */
export const NO_OUTPUT: AnswerOutput = { elements: [], calls: [] }

/** Members of a message that a model server takes back; some refuse reasoning and whatever else an answer holds. */
const SENT_BACK = ['role', 'content', 'refusal', 'tool_calls', 'function_call'] as const

/** A call without a name or an id cannot be answered. */
function readCall({
  id,
  name,
  arguments: given,
}: Readonly<Record<keyof ModelCall, JsonValue | undefined>>): ModelCall[] {
  if (typeof id !== 'string' || id === '' || typeof name !== 'string' || name === '') return []
  return [{ id, name, arguments: typeof given === 'string' ? given : '' }]
}

function members(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

/** The merged form leaves empty members out; model servers want the text of a message without calls, and the arguments of a call. */
function messageOf(merged: JsonObject): JsonObject {
  const calls = list(merged['tool_calls']).map((call) => completeCall(members(call)))
  const kept = SENT_BACK.flatMap((name): [string, JsonValue][] => {
    const value = merged[name]
    return value === undefined ? [] : [[name, value]]
  })
  const message = Object.fromEntries(kept)
  if (calls.length > 0) return { ...message, tool_calls: calls }
  return 'function_call' in message || 'content' in message ? message : { ...message, content: '' }
}

function completeCall(call: JsonObject): JsonObject {
  const called = call['function']
  return isJsonObject(called) ? { ...call, function: { arguments: '', ...called } } : call
}

/** Of chat or completions; a completion leaves nothing to go on with. */
export function outputOfChoices(merger: ChoiceMerger): AnswerOutput {
  const { choices } = merger
  if (choices === undefined || choices.length === 0) return NO_OUTPUT
  const digest = outputDigest(choices)
  const merged = choices[0]?.['message']
  if (!isJsonObject(merged)) return { ...NO_OUTPUT, digest }
  const message = messageOf(merged)
  const calls = list(message['tool_calls']).flatMap((call) => {
    const { id, function: called } = members(call)
    const { name, arguments: given } = members(called)
    return readCall({ id, name, arguments: given })
  })
  return { digest, elements: [message], calls }
}

/** Of a response object: what cannot be written in one way (JCS) is not gone on with. */
export function outputOfResponse({ output }: JsonObject): AnswerOutput {
  const elements = list(output).filter(isJsonObject)
  try {
    encodeJcs(elements)
  } catch (error) {
    if (error instanceof MalformedError) return NO_OUTPUT
    throw error
  }
  const calls = elements
    .filter(({ type }) => type === 'function_call')
    .flatMap(({ call_id: id, name, arguments: given }) => readCall({ id, name, arguments: given }))
  return { elements, calls }
}
