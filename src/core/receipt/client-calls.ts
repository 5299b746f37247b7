/**
 * Calls of tools as messages of a chat and items of the Responses API hold them, and the records of those that a client ran itself. One
 * reading for the gateway, which signs the records, and for a verifier, which makes them again from the request. docs/formats.md, Tools and
 * runs. @module
 */
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import type { AskedCall, ToolCallRecord } from './run.ts'

const PLAIN_NAME = /^[\x21-\x7e]{1,64}$/
/** Entries that a list of calls has, and one more that stands for all others: a receipt stays one that fits, whatever is brought. */
export const MAX_LISTED = 8

/** What was given back for a call. */
export interface AnsweredCall {
  readonly id: string
  readonly result: string
}

/** Elements of a JSON array; nothing of what is none. */
export function elementsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

/**
 * Of UTF-8; `none` for what is no text, or has none in UTF-8: a client may write half of a surrogate pair. Of a list of parts the text is
 * that of its parts, one behind the other.
 */
function textDigest(value: JsonValue | undefined): string {
  const texts = elementsIn(value).map(({ text }) => (typeof text === 'string' ? text : ''))
  const text = Array.isArray(value) ? texts.join('') : value
  return typeof text === 'string' && !/\p{Surrogate}/u.test(text) ? digestUri(encodeUtf8(text)) : 'none'
}

/** A name as a receipt holds it: the model or the client chose it, and a long one, or one with blanks, goes by its digest. */
export function shownName(value: string): string {
  return PLAIN_NAME.test(value) ? value : digestUri(encodeUtf8(value))
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? shownName(value) : 'none'
}

/** The calls that one message or item of the model asks for. */
export function askedCalls(element: JsonObject): readonly AskedCall[] {
  if (element['type'] === 'function_call') return [asked(element['call_id'], element)]
  if (element['role'] !== 'assistant') return []
  return elementsIn(element['tool_calls']).map(({ id, function: called }) =>
    asked(id, isJsonObject(called) ? called : {}),
  )
}

function asked(id: JsonValue | undefined, called: JsonObject): AskedCall {
  const { name, arguments: text } = called
  // Merged answers have no member for what is empty.
  return {
    id: textOf(id),
    tool: textOf(name),
    arguments: textDigest(text === undefined && name !== undefined ? '' : text),
  }
}

/** What one message or item gives back; undefined for every other. */
export function answeredCall(element: JsonObject): AnsweredCall | undefined {
  if (element['type'] === 'function_call_output')
    return { id: textOf(element['call_id']), result: textDigest(element['output']) }
  if (element['role'] !== 'tool') return undefined
  return { id: textOf(element['tool_call_id']), result: textDigest(element['content']) }
}

function isOfModel(element: JsonObject): boolean {
  return element['role'] === 'assistant' || element['type'] === 'function_call'
}

/**
 * The results that a request brings for the last turn of the model in it, in order. All of it is the client's word: what it says that it
 * was asked for is `none` where the request does not hold the call itself, as behind `previous_response_id`.
 * @param fields of a chat or Responses request
 */
export function clientToolCalls({ messages, input }: JsonObject): readonly ToolCallRecord[] {
  // Which of the two the model server reads is its own matter: neither may hide what the other one brings.
  return foldBrought([messages, input].flatMap((list) => broughtIn(elementsIn(list))))
}

function broughtIn(elements: readonly JsonObject[]): readonly ToolCallRecord[] {
  const calls = elements.flatMap(askedCalls)
  return elements.slice(elements.findLastIndex(isOfModel) + 1).flatMap((element) => {
    const answered = answeredCall(element)
    if (answered === undefined) return []
    const call = calls.findLast(({ id }) => id === answered.id)
    const record = {
      id: answered.id,
      by: 'client',
      tool: call?.tool ?? 'none',
      identity: 'none',
      schema: 'none',
      arguments: call?.arguments ?? 'none',
      result: answered.result,
      outcome: 'ok',
    } as const
    return [record]
  })
}

/** Names in a receipt have no blanks: no client and no model can write these. */
const OTHERS = /^[1-9][0-9]* (?:earlier|more) calls?$/

function others(count: number, which: 'earlier' | 'more'): string {
  return `${count} ${which} ${count === 1 ? 'call' : 'calls'}`
}

/** Whether an entry stands for several calls, of which it has the digest. */
export function standsForOthers({ tool }: Pick<AskedCall, 'tool'>): boolean {
  return OTHERS.test(tool)
}

/** The newest are listed, what was before them is one entry: it counts their records, and its result is the digest of them (JCS). */
function foldBrought(records: readonly ToolCallRecord[]): readonly ToolCallRecord[] {
  const listed = records.slice(-MAX_LISTED)
  const earlier = records.slice(0, -MAX_LISTED)
  if (earlier.length === 0) return listed
  const entry = {
    id: 'none',
    by: 'client',
    tool: others(earlier.length, 'earlier'),
    identity: 'none',
    schema: 'none',
    arguments: 'none',
    result: digestUri(encodeJcs(earlier.map((record) => ({ ...record })))),
    outcome: 'ok',
  } as const
  return [entry, ...listed]
}

/** As a receipt lists the calls that an answer leaves to the client: the first, and one entry whose arguments are the digest of all others. */
export function foldAsked(calls: readonly AskedCall[]): readonly AskedCall[] {
  const more = calls.slice(MAX_LISTED)
  if (more.length === 0) return calls
  const digest = digestUri(encodeJcs(more.map((call) => ({ ...call }))))
  return [...calls.slice(0, MAX_LISTED), { id: 'none', tool: others(more.length, 'more'), arguments: digest }]
}
