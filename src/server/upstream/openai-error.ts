/** The error bodies of model servers, in any of their shapes, as the one that OpenAI clients understand. Pure. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'

/** The body of every error that a client sees. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

export interface NormalisedError {
  /** For the client: what concerns only the gateway and its upstream becomes 502. */
  readonly status: number
  readonly body: OpenAiErrorBody
}

/** UTF-16 units. */
const MAX_MESSAGE = 1024
const MAX_NAME = 128
/** A longer body is not looked into. */
const MAX_BODY = 64 * 1024
const NAME = /^[A-Za-z0-9_.[\] -]+$/

/**
 * Normalises the body of an upstream's answer with status 400 or above: OpenAI's own shape, flat, vLLM (`object: "error"`),
 * FastAPI (`detail`), Ollama (`error: "…"`), plain text; of HTML, long or empty bodies nothing is kept.
 */
export function normaliseUpstreamError(status: number, body: Uint8Array): NormalisedError {
  const shown = clientStatus(status)
  // These speak about the gateway's own key, of which they may show a part; the client's key is fine.
  if (isCredentialFault(status))
    return { status: shown, body: openAiError(shown, "the model server refused the gateway's credentials") }
  const found = read(body)
  const message = cleanMessage(found.message) ?? `the model server answered with status ${status}`
  const { error } = openAiError(shown, message)
  return {
    status: shown,
    body: {
      error: {
        message,
        // Class names as `BadRequestError` are not what clients compare with.
        type: typeof found.type === 'string' && /^[a-z_]{1,64}$/.test(found.type) ? found.type : error.type,
        param: cleanName(found.param),
        code: cleanName(found.code) ?? error.code,
      },
    },
  }
}

/** An error of the gateway's own in the same shape. */
export function openAiError(status: number, message: string): OpenAiErrorBody {
  const { type, code } = kindOf(status)
  return { error: { message, type, param: null, code } }
}

function isCredentialFault(status: number): boolean {
  return status === 401 || status === 403 || status === 407
}

function clientStatus(status: number): number {
  if (isCredentialFault(status) || status < 400 || status > 599) return 502
  if (status === 503 || status === 504 || status < 500) return status
  // 529 is how some providers say overloaded.
  return status === 529 ? 503 : 502
}

function kindOf(status: number): { readonly type: string; readonly code: string | null } {
  if (status === 404) return { type: 'invalid_request_error', code: null }
  if (status === 408 || status === 504) return { type: 'timeout_error', code: 'upstream_timeout' }
  if (status === 413) return { type: 'invalid_request_error', code: 'request_too_large' }
  if (status === 429) return { type: 'rate_limit_error', code: 'rate_limit_exceeded' }
  if (status === 503) return { type: 'service_unavailable', code: null }
  if (status < 500) return { type: 'invalid_request_error', code: null }
  return { type: 'upstream_error', code: null }
}

interface Found {
  readonly message?: JsonValue | undefined
  readonly type?: JsonValue | undefined
  readonly param?: JsonValue | undefined
  readonly code?: JsonValue | undefined
}

function read(body: Uint8Array): Found {
  if (body.length === 0 || body.length > MAX_BODY) return {}
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8').trim()
  const value = parse(text)
  // Plain text of a proxy, as "upstream connect error"; braces mean that it should have been JSON.
  if (value === undefined) return /^[{[]/.test(text) ? {} : { message: text }
  if (typeof value === 'string') return { message: value }
  return isJsonObject(value) ? readObject(value) : {}
}

function readObject(value: JsonObject): Found {
  const { error, detail } = value
  if (isJsonObject(error)) return members(error)
  if (typeof error === 'string') return { ...members(value), message: error }
  if (detail !== undefined) return isJsonObject(detail) ? readObject(detail) : { message: describeDetail(detail) }
  return members(value)
}

function members({ message, type, param, code }: JsonObject): Found {
  return { message, type, param, code }
}

/** FastAPI: a text, or a list of `{loc: ["body", "messages", 0], msg}`. Its `input`, the client's own text, is left out. */
function describeDetail(detail: JsonValue): JsonValue {
  if (!Array.isArray(detail)) return detail
  const lines = detail.flatMap((item: JsonValue) => {
    if (!isJsonObject(item) || typeof item['msg'] !== 'string') return []
    const loc = Array.isArray(item['loc']) ? `${item['loc'].join('.')}: ` : ''
    return [loc + item['msg']]
  })
  return lines.join('; ')
}

function cleanMessage(value: JsonValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.replace(/[\p{Cc}\p{Surrogate}]+/gu, ' ').trim()
  if (text === '' || /<[a-z!/?]/i.test(text)) return undefined
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1).replace(/\p{Surrogate}$/u, '')}…`
}

/** A numeric code only repeats the status. */
function cleanName(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value.length <= MAX_NAME && NAME.test(value) ? value : null
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
