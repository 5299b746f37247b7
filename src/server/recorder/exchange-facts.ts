/** The `exchange` disclosure: what happened around an answer, descriptive only. wire.md section 2. @module */
import type { JsonObject, JsonValue } from '../../core/encoding/json.ts'
import type { RunMembers } from '../../core/receipt/run.ts'
import type { ContextReading } from '../upstream/context-reading.ts'

/** What was read from the request and the answer on the way. Everything here comes from client or upstream. */
export interface AnswerFacts {
  readonly responseModel?: string
  readonly responseId?: string
  readonly finishReasons?: readonly string[]
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly context?: ContextReading
}

/** What carried the request, as the gateway itself saw it. */
export type SeenChannel = 'none' | 'tls' | 'ohttp'

export interface ExchangeFacts extends AnswerFacts, RunMembers {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly operation: string
  readonly requestModel?: string
  readonly peer?: { readonly host: string; readonly tlsSpkiSha256?: string }
  readonly channel: SeenChannel
  /** The client's word for the receipt before this one, verbatim. */
  readonly prev?: string
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

type Members = Record<string, JsonValue>

/** Adds a member whose value is known. */
function add(members: Members, name: string, value: JsonValue | undefined): void {
  if (value !== undefined) members[name] = value
}

function describeAnswer(facts: ExchangeFacts): JsonObject {
  const answer: Members = { operation_name: facts.operation }
  add(answer, 'request_model', plainText(facts.requestModel))
  add(answer, 'response_model', plainText(facts.responseModel))
  add(answer, 'response_id', plainText(facts.responseId))
  const reasons = facts.finishReasons?.map(plainText).filter((reason) => reason !== undefined)
  add(answer, 'response_finish_reasons', reasons?.slice(0, MAX_FINISH_REASONS))
  add(answer, 'usage_input_tokens', count(facts.inputTokens))
  add(answer, 'usage_output_tokens', count(facts.outputTokens))
  return answer
}

function describePeer({ host, tlsSpkiSha256 }: NonNullable<ExchangeFacts['peer']>): JsonObject {
  const peer: Members = { host }
  add(peer, 'tls_spki_sha256', tlsSpkiSha256)
  return peer
}

/** Engines cut prompts without a word: where none is said nobody knows, also of a prompt that fills the context. */
function describeContext({ inputTokens }: AnswerFacts, context: ContextReading): JsonObject {
  const { promptTokens, contextLimit, truncated = 'unknown', renderedPrompt } = context
  const members: Members = {}
  add(members, 'prompt_tokens', count(inputTokens ?? promptTokens))
  add(members, 'context_limit', count(contextLimit))
  members['truncated'] = truncated
  add(members, 'rendered_prompt', renderedPrompt)
  return members
}

export function describeExchange(facts: ExchangeFacts): JsonObject {
  const { method, path, status, peer } = facts
  const exchange: Members = {
    http: { '@method': method, '@path': path, '@status': status },
    gen_ai: describeAnswer(facts),
  }
  add(exchange, 'context', facts.context && describeContext(facts, facts.context))
  add(exchange, 'upstream', peer === undefined ? undefined : describePeer(peer))
  exchange['channel'] = facts.channel
  add(exchange, 'prev', facts.prev)
  add(
    exchange,
    'tools',
    facts.tools?.map((record) => ({ ...record })),
  )
  add(
    exchange,
    'calls',
    facts.calls?.map((call) => ({ ...call })),
  )
  add(exchange, 'run', facts.run && { ...facts.run })
  exchange['retry_count'] = facts.retryCount
  exchange['started'] = facts.startedSeconds
  exchange['duration_ms'] = Math.round(facts.durationMs)
  return exchange
}
