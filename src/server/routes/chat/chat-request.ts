/** A chat request as far as the gateway looks into it: enough to route it and to know when its answer is whole. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { decodeUtf8 } from '../../../core/encoding/utf8.ts'
import { findMembers } from '../../../core/transform/json-span.ts'
import { MalformedError } from '../../../errors.ts'
import { type ApiError, invalidRequest } from '../api-error.ts'

export interface ChatRequest {
  readonly model: string
  readonly stream: boolean
  /** Choices asked for. */
  readonly choices: number
}

/** What was read: `model` is there as soon as it is a string, so that the refusal's receipt can name it. */
export type ReadChatRequest =
  | { readonly ok: true; readonly request: ChatRequest }
  | { readonly ok: false; readonly model?: string; readonly error: ApiError }

const MAX_CHOICES = 128

/** Optional parameters whose type does not depend on the model; null stands for absent. What is not listed is the upstream's matter. */
const TYPES: readonly (readonly [name: string, what: string, test: (value: JsonValue) => boolean])[] = [
  ['stream', 'a boolean', (value) => typeof value === 'boolean'],
  ['n', `an integer from 1 to ${MAX_CHOICES}`, (value) => isInteger(value, 1, MAX_CHOICES)],
  ['max_tokens', 'a positive integer', (value) => isInteger(value, 1, Number.MAX_SAFE_INTEGER)],
  ['max_completion_tokens', 'a positive integer', (value) => isInteger(value, 1, Number.MAX_SAFE_INTEGER)],
  ['seed', 'an integer', (value) => Number.isInteger(value)],
  ['temperature', 'a number from 0 to 2', (value) => isNumber(value, 0, 2)],
  ['top_p', 'a number from 0 to 1', (value) => isNumber(value, 0, 1)],
  ['presence_penalty', 'a number from -2 to 2', (value) => isNumber(value, -2, 2)],
  ['frequency_penalty', 'a number from -2 to 2', (value) => isNumber(value, -2, 2)],
  ['stop', 'a string or an array of strings', isStop],
  ['stream_options', 'an object', isJsonObject],
  ['tools', 'an array', (value) => Array.isArray(value)],
  ['response_format', 'an object', isJsonObject],
  ['logit_bias', 'an object', isJsonObject],
]

function isInteger(value: JsonValue, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

function isNumber(value: JsonValue, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max
}

function isStop(value: JsonValue): boolean {
  return (
    typeof value === 'string' || (Array.isArray(value) && value.every((item: JsonValue) => typeof item === 'string'))
  )
}

type Parsed = { readonly ok: true; readonly fields: JsonObject } | { readonly ok: false; readonly error: ApiError }

function refuse(message: string, param?: string): { readonly ok: false; readonly error: ApiError } {
  return { ok: false, error: invalidRequest(message, param === undefined ? {} : { param }) }
}

/** JSON.parse for speed. It keeps the last of two equal keys, and the upstream may keep the first: so those are refused. */
function parse(body: Uint8Array): Parsed {
  try {
    const value: JsonValue = JSON.parse(decodeUtf8(body))
    if (!isJsonObject(value)) return refuse('The content is not a JSON object.')
    findMembers(body)
    return { ok: true, fields: value }
  } catch (error) {
    if (error instanceof MalformedError && error.failure === 'JSON_DUPLICATE_KEY')
      return refuse('A key of the request appears twice.')
    if (error instanceof MalformedError || error instanceof SyntaxError)
      return refuse('The content is not JSON in UTF-8.')
    throw error
  }
}

function judgeMessages({ messages }: JsonObject): ApiError | undefined {
  if (!Array.isArray(messages) || messages.length === 0)
    return invalidRequest('`messages` must be a non-empty array.', { param: 'messages' })
  const wrong = messages.findIndex(
    (message: JsonValue) => !isJsonObject(message) || typeof message['role'] !== 'string',
  )
  if (wrong < 0) return undefined
  return invalidRequest('Each message must be an object with a role.', { param: `messages[${wrong}]` })
}

function judgeTypes(fields: JsonObject): ApiError | undefined {
  for (const [name, what, test] of TYPES) {
    const value = fields[name]
    if (value !== undefined && value !== null && !test(value))
      return invalidRequest(`\`${name}\` must be ${what}.`, { param: name })
  }
  return undefined
}

/** @param body all of it is the client's */
export function readChatRequest(body: Uint8Array): ReadChatRequest {
  const parsed = parse(body)
  if (!parsed.ok) return parsed
  const { model, stream, n } = parsed.fields
  if (typeof model !== 'string' || model === '') return refuse('`model` must be a non-empty string.', 'model')
  const error = judgeMessages(parsed.fields) ?? judgeTypes(parsed.fields)
  if (error !== undefined) return { ok: false, model, error }
  return { ok: true, request: { model, stream: stream === true, choices: typeof n === 'number' ? n : 1 } }
}
