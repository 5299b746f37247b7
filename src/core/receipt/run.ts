/**
 * What the `exchange` disclosure says of tools and of runs with several steps: calls that were made on the way to an answer, calls that the
 * answer asks the client for, and the receipts that this one follows. docs/formats.md, Tools and runs. @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import type { JsonObject, JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { DIGEST_OR_NONE, DIGEST_URI } from '../evidence/resource-descriptor.ts'

export const TOOL_OUTCOMES = ['ok', 'error', 'timeout', 'refused'] as const
export type ToolOutcome = (typeof TOOL_OUTCOMES)[number]

/** One call of a tool, in the order in which the model was given the results. Digests are `sha256:…`, or `none` where there is nothing. */
export interface ToolCallRecord {
  /** The model's own name for the call (`tool_call_id`, `call_id`). */
  readonly id: string
  /** Who ran it. What a client says of its own calls is the client's word. */
  readonly by: 'gateway' | 'client'
  /** As the model knows the function: `<server>__<tool>` where the gateway runs it. */
  readonly tool: string
  /** Of a tool server: SHA-256 of its TLS key (SPKI), or of its measured command. */
  readonly identity: string
  /** Of the definition that the model was given (JCS). */
  readonly schema: string
  /** Of the arguments, UTF-8 exactly as the model wrote them. */
  readonly arguments: string
  /** Of the text that the model was given. */
  readonly result: string
  readonly outcome: ToolOutcome
  /** Milliseconds; absent for calls of the client. */
  readonly duration_ms?: number
}

/** A call that the answer leaves to the client. */
export interface AskedCall {
  readonly id: string
  readonly tool: string
  readonly arguments: string
}

/** Place of a receipt among those of one run. */
export interface RunLink {
  /** Model calls of this request before this one. */
  readonly step: number
  /** Digests of the receipts that this one follows: the step before it, or the answer whose conversation goes on. */
  readonly parents: readonly string[]
}

/** Members of `exchange`; those that do not apply are absent. */
export interface RunMembers {
  readonly tools?: readonly ToolCallRecord[]
  readonly calls?: readonly AskedCall[]
  readonly run?: RunLink
}

const CODES: ShapeCodes = {
  missing: 'CLAIM_MISSING',
  unknown: 'TOOL_TRANSCRIPT_MISMATCH',
  invalid: 'TOOL_TRANSCRIPT_MISMATCH',
}

/** @throws MalformedError CLAIM_MISSING, TOOL_TRANSCRIPT_MISMATCH for members of another shape */
export function readRunMembers(exchange: JsonObject): RunMembers {
  const { tools, calls, run } = exchange
  return {
    ...(tools !== undefined && { tools: list(tools, 'exchange.tools').map(readToolCall) }),
    ...(calls !== undefined && { calls: list(calls, 'exchange.calls').map(readAskedCall) }),
    ...(run !== undefined && { run: readRun(run) }),
  }
}

/**
 * What calls come to, whatever the model named them and however long they took: equal for the same calls with the same results in the same
 * order. A policy pins them by it; the digest of the dependency is another one for every answer.
 */
export function callsDigest(tools: readonly ToolCallRecord[]): string {
  return digestUri(encodeJcs(tools.map(({ id: _, duration_ms: __, ...said }) => said)))
}

function list(value: JsonValue, path: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new MalformedError('TOOL_TRANSCRIPT_MISMATCH', `${path} must be a list`)
  return value
}

function readToolCall(value: JsonValue, at: number): ToolCallRecord {
  return new ObjectReader(value, `exchange.tools[${at}]`, CODES).whole((reader) => ({
    id: reader.string('id'),
    by: reader.oneOf('by', ['gateway', 'client']),
    tool: reader.string('tool'),
    identity: reader.string('identity', DIGEST_OR_NONE),
    schema: reader.string('schema', DIGEST_OR_NONE),
    arguments: reader.string('arguments', DIGEST_OR_NONE),
    result: reader.string('result', DIGEST_OR_NONE),
    outcome: reader.oneOf('outcome', TOOL_OUTCOMES),
    ...(reader.has('duration_ms') && { duration_ms: reader.integer('duration_ms') }),
  }))
}

function readAskedCall(value: JsonValue, at: number): AskedCall {
  return new ObjectReader(value, `exchange.calls[${at}]`, CODES).whole((reader) => ({
    id: reader.string('id'),
    tool: reader.string('tool'),
    arguments: reader.string('arguments', DIGEST_OR_NONE),
  }))
}

function readRun(value: JsonValue): RunLink {
  return new ObjectReader(value, 'exchange.run', CODES).whole((reader) => ({
    step: reader.integer('step'),
    parents: reader.strings('parents', DIGEST_URI),
  }))
}
