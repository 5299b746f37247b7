/** Reads an answer's octets, whole or streamed, into what two answers are compared by. The octets come from whoever hands them over. @module */
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../core/encoding/json.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { MalformedError } from '../errors.ts'

/** A call that a choice asks for, its parts joined. */
export interface CallView {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** One choice, its parts joined. */
export interface ChoiceView {
  readonly index: number
  readonly text: string
  /** By index. */
  readonly calls: readonly CallView[]
  /** `logprobs.content`, one entry for each token; undefined where there are none. */
  readonly logprobs: readonly JsonValue[] | undefined
  readonly finish: JsonValue
}

export interface AnswerView {
  /** These two differ from run to run by design. */
  readonly id: string
  readonly created: number
  /** Of the weights file, by whoever served it. */
  readonly fingerprint: string
  /** By index. */
  readonly choices: readonly ChoiceView[]
  /** null where the answer names none. */
  readonly usage: JsonValue
}

const MAX_DEPTH = 32
const MAX_OBJECTS = 1 << 18

/** @throws MalformedError JSON_*, UTF8_INVALID, PARSE_INVALID */
export function readAnswer(octets: Uint8Array, stream: boolean): AnswerView {
  const objects = stream ? events(octets) : [decodeObject(octets)]
  const [first] = objects
  if (first === undefined) throw new MalformedError('PARSE_INVALID', 'the answer is empty')
  const { id, created, system_fingerprint: fingerprint } = first
  if (typeof id !== 'string' || typeof created !== 'number' || typeof fingerprint !== 'string')
    throw new MalformedError('PARSE_INVALID', 'the answer has no id, time or fingerprint')
  const usage = objects.findLast((object) => isPresent(object['usage']))?.['usage'] ?? null
  return { id, created, fingerprint, choices: joinChoices(objects, stream ? 'delta' : 'message'), usage }
}

function decodeObject(source: Uint8Array | string): JsonObject {
  const value = decodeJson(source, { maxSize: source.length, maxDepth: MAX_DEPTH, numbers: 'any' })
  if (!isJsonObject(value)) throw new MalformedError('PARSE_INVALID', 'an answer is an object')
  return value
}

/** Comments, the receipt among them, are no part of the answer. */
function events(octets: Uint8Array): readonly JsonObject[] {
  const payloads = decodeUtf8(octets)
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim())
    .filter((payload) => payload !== '[DONE]')
  if (payloads.length > MAX_OBJECTS) throw new MalformedError('PARSE_INVALID', 'the stream has too many events')
  return payloads.map(decodeObject)
}

interface OpenChoice {
  readonly texts: string[]
  readonly calls: Map<number, { readonly [part in keyof CallView]: string[] }>
  readonly logprobs: JsonValue[]
  hasLogprobs: boolean
  finish: JsonValue
}

function joinChoices(objects: readonly JsonObject[], member: 'delta' | 'message'): readonly ChoiceView[] {
  const open = new Map<number, OpenChoice>()
  for (const part of objects.flatMap((object) => list(object['choices']))) {
    if (!isJsonObject(part)) throw new MalformedError('PARSE_INVALID', 'a choice is an object')
    const index = typeof part['index'] === 'number' ? part['index'] : 0
    const choice = open.get(index) ?? { texts: [], calls: new Map(), logprobs: [], hasLogprobs: false, finish: null }
    open.set(index, choice)
    addPart(choice, part, member)
  }
  return [...open]
    .map(([index, { texts, calls, logprobs, hasLogprobs, finish }]) => ({
      index,
      text: texts.join(''),
      calls: [...calls]
        .sort(([a], [b]) => a - b)
        .map(([, { id, name, arguments: given }]) => ({
          id: id.join(''),
          name: name.join(''),
          arguments: given.join(''),
        })),
      logprobs: hasLogprobs ? logprobs : undefined,
      finish,
    }))
    .sort((a, b) => a.index - b.index)
}

function addPart(choice: OpenChoice, part: JsonObject, member: 'delta' | 'message'): void {
  const { [member]: said, logprobs, finish_reason: finish } = part
  if (isPresent(said) && isJsonObject(said)) {
    if (typeof said['content'] === 'string') choice.texts.push(said['content'])
    for (const [i, call] of list(said['tool_calls']).entries()) addCall(choice, call, i)
  }
  if (isPresent(logprobs) && isJsonObject(logprobs)) {
    choice.hasLogprobs = true
    for (const entry of list(logprobs['content'])) choice.logprobs.push(entry)
  }
  if (isPresent(finish)) choice.finish = finish
}

/** In a stream parts of one call have its index; in a whole answer each entry is one. */
function addCall({ calls }: OpenChoice, part: JsonValue, place: number): void {
  if (!isJsonObject(part)) throw new MalformedError('PARSE_INVALID', 'a call is an object')
  const index = typeof part['index'] === 'number' ? part['index'] : place
  const call = calls.get(index) ?? { id: [], name: [], arguments: [] }
  calls.set(index, call)
  const called = part['function'] ?? null
  const { name, arguments: given } = called !== null && isJsonObject(called) ? called : {}
  if (typeof part['id'] === 'string') call.id.push(part['id'])
  if (typeof name === 'string') call.name.push(name)
  if (typeof given === 'string') call.arguments.push(given)
}

function isPresent(value: JsonValue | undefined): value is Exclude<JsonValue, null> {
  return value !== undefined && value !== null
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}
