/** The `exchange` disclosure: what happened around an answer, descriptive only. wire.md section 2. @module */
import type { JsonObject, JsonValue } from '../../core/encoding/json.ts'

/** What was read from the request and the answer on the way. Everything here comes from client or upstream. */
export interface AnswerFacts {
  readonly responseModel?: string
  readonly responseId?: string
  readonly finishReasons?: readonly string[]
  readonly inputTokens?: number
  readonly outputTokens?: number
}

export interface ExchangeFacts extends AnswerFacts {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly operation: string
  readonly requestModel?: string
  readonly peer?: { readonly host: string; readonly tlsSpkiSha256?: string }
  readonly retryCount: number
  /** Seconds since 1970. */
  readonly startedSeconds: number
  readonly durationMs: number
}

// A lone surrogate would make the disclosure one that no strict reader decodes; a long text would make it one that does not fit.
const PLAIN = /^[^\p{Surrogate}\p{Cc}]{1,128}$/u
const MAX_FINISH_REASONS = 16

/** The text if it may stand in a receipt. */
export function plainText(text: unknown): string | undefined {
  return typeof text === 'string' && PLAIN.test(text) ? text : undefined
}

function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Without the members that are not known. */
function known(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const object: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) object[name] = value
  return object
}

export function describeExchange(facts: ExchangeFacts): JsonObject {
  const { peer, finishReasons } = facts
  const reasons = finishReasons?.map(plainText).filter((reason) => reason !== undefined)
  return known({
    http: { '@method': facts.method, '@path': facts.path, '@status': facts.status },
    gen_ai: known({
      operation_name: facts.operation,
      request_model: plainText(facts.requestModel),
      response_model: plainText(facts.responseModel),
      response_id: plainText(facts.responseId),
      response_finish_reasons: reasons?.slice(0, MAX_FINISH_REASONS),
      usage_input_tokens: count(facts.inputTokens),
      usage_output_tokens: count(facts.outputTokens),
    }),
    upstream: peer === undefined ? undefined : known({ host: peer.host, tls_spki_sha256: peer.tlsSpkiSha256 }),
    retry_count: facts.retryCount,
    started: facts.startedSeconds,
    duration_ms: Math.round(facts.durationMs),
  })
}
