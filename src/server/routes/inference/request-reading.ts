/** Reads a request as far as every API has it: strict JSON, one model, `stream`. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { decodeUtf8 } from '../../../core/encoding/utf8.ts'
import { findMembers } from '../../../core/transform/json-span.ts'
import { MalformedError } from '../../../errors.ts'
import { type ApiError, invalidRequest } from '../api-error.ts'
import type { InferenceRequest, Operation } from './operation.ts'

/** What was read: `model` is there as soon as it is a string, so that the refusal's receipt can name it. */
export type ReadRequest =
  | { readonly ok: true; readonly request: InferenceRequest }
  | { readonly ok: false; readonly model?: string; readonly error: ApiError }

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

/** @param body all of it is the client's */
export function readRequest(operation: Operation, body: Uint8Array): ReadRequest {
  const parsed = parse(body)
  if (!parsed.ok) return parsed
  const { fields } = parsed
  const { model } = fields
  if (typeof model !== 'string' || model === '') return refuse('`model` must be a non-empty string.', 'model')
  const error = operation.judge(fields)
  if (error !== undefined) return { ok: false, model, error }
  const stream = operation.followStream !== 'none' && fields['stream'] === true
  return { ok: true, request: { model, stream, choices: operation.choices(fields), fields } }
}
