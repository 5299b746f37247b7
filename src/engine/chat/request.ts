/** A chat-completions request as the embedded model understands it: every member is used, known to change nothing, or refused. @module */
import { sha256 } from '../../core/crypto/index.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { MalformedError } from '../../errors.ts'
import type { ChatMessage } from '../chat-template.ts'
import { MemberReader } from './member-reader.ts'
import { decodeMessages } from './messages.ts'
import { Refusal } from './refusal.ts'
import { decodeTools, type ForcedCall } from './tools.ts'

export interface ChatRequest {
  /** As the client wrote it, or as it was spliced. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly sampling: ChatSampling
  /** How many likely tokens to show beside each; undefined for no log-probabilities. */
  readonly topLogprobs: number | undefined
  readonly stream: boolean
  readonly includeUsage: boolean
  /** The call that the answer must be; undefined for an answer in text. */
  readonly call: ForcedCall | undefined
}

/** What decides about the tokens, as used: nothing is left to a default. */
export interface ChatSampling {
  readonly temperature: number
  readonly top_p: number
  readonly seed: number
  readonly n: number
  readonly stop: readonly string[]
  /** null: as many as there is room for. */
  readonly max_tokens: number | null
  /** Zero, which is all that is accepted, where the request says so. */
  readonly frequency_penalty?: number
  readonly presence_penalty?: number
}

/** What a receipt digests as the parameters that were used. */
export function encodeSampling(sampling: ChatSampling): Uint8Array {
  return encodeJcs({ ...sampling })
}

/** They change nothing in the answer. */
const IGNORED: readonly string[] = ['user', 'metadata', 'safety_identifier', 'prompt_cache_key']

/** Accepted where they ask for what happens anyway. */
const NEUTRAL: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  logit_bias: (value) => isJsonObject(value) && Object.keys(value).length === 0,
  response_format: (value) => isJsonObject(value) && value['type'] === 'text' && Object.keys(value).length === 1,
  modalities: (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  store: (value) => value === false,
  service_tier: (value) => value === 'auto' || value === 'default',
}

const MAX_DEPTH = 32

/**
 * Decodes exact request octets.
 *
 * A request without `seed` gets the first 32 bits of the SHA-256 of its octets, big-endian: the same octets lead to the same answer.
 * @throws Refusal
 */
export function decodeChatRequest(body: Uint8Array): ChatRequest {
  const reader = new MemberReader(parse(body))
  const model = reader.text('model')
  const messages = decodeMessages(reader.required('messages'))
  const sampling = decodeSampling(reader, body)
  const topLogprobs = decodeLogprobs(reader)
  const stream = reader.flag('stream') ?? false
  const includeUsage = decodeStreamOptions(reader, stream)
  const call = decodeTools(reader, { messages, body })
  if (call !== undefined && sampling.n > 1) throw new Refusal('n must be 1 where a tool must be called', { param: 'n' })
  if (call !== undefined && topLogprobs !== undefined)
    throw new Refusal('a call of a tool has no log-probabilities', { param: 'logprobs' })
  reader.ignore(IGNORED)
  for (const [name, isNeutral] of Object.entries(NEUTRAL)) {
    const value = reader.optional(name)
    if (value !== undefined && !isNeutral(value)) throw unsupported(name)
  }
  const [unknown] = reader.rest()
  if (unknown !== undefined) throw unsupported(unknown)
  return { model, messages, sampling, topLogprobs, stream, includeUsage, call }
}

function parse(body: Uint8Array): JsonObject {
  try {
    const value = decodeJson(body, { maxSize: body.length, maxDepth: MAX_DEPTH, numbers: 'any' })
    if (isJsonObject(value)) return value
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new Refusal(`the request is not strict JSON (${error.failure})`)
  }
  throw new Refusal('the request must be a JSON object')
}

function decodeSampling(reader: MemberReader, body: Uint8Array): ChatSampling {
  const maxTokens = reader.integer('max_tokens', { min: 1 })
  const maxCompletionTokens = reader.integer('max_completion_tokens', { min: 1 })
  if (maxTokens !== undefined && maxCompletionTokens !== undefined)
    throw new Refusal('give max_completion_tokens alone, not max_tokens beside it', { param: 'max_tokens' })
  return {
    temperature: reader.number('temperature', { min: 0, max: 2 }) ?? 1,
    top_p: reader.number('top_p', { min: 0, max: 1 }) ?? 1,
    seed: reader.integer('seed', { min: -Number.MAX_SAFE_INTEGER }) ?? seedOf(body),
    n: reader.integer('n', { min: 1, max: 8 }) ?? 1,
    stop: decodeStop(reader.optional('stop')),
    max_tokens: maxCompletionTokens ?? maxTokens ?? null,
    ...(reader.optional('frequency_penalty') === 0 && { frequency_penalty: 0 }),
    ...(reader.optional('presence_penalty') === 0 && { presence_penalty: 0 }),
  }
}

function seedOf(body: Uint8Array): number {
  const digest = sha256(body)
  return new DataView(digest.buffer, digest.byteOffset, digest.length).getUint32(0)
}

function decodeStop(value: JsonValue | undefined): readonly string[] {
  if (value === undefined) return []
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value]
  const texts = list.filter((stop) => typeof stop === 'string').filter(({ length }) => length >= 1 && length <= 256)
  if (texts.length !== list.length || texts.length > 4)
    throw new Refusal('stop must be a string of 1 to 256 characters, or up to 4 of them', { param: 'stop' })
  return texts
}

function decodeLogprobs(reader: MemberReader): number | undefined {
  const logprobs = reader.flag('logprobs') ?? false
  const top = reader.integer('top_logprobs', { min: 0, max: 20 })
  if (top !== undefined && !logprobs)
    throw new Refusal('top_logprobs needs logprobs to be true', { param: 'top_logprobs' })
  return logprobs ? (top ?? 0) : undefined
}

function decodeStreamOptions(reader: MemberReader, stream: boolean): boolean {
  const value = reader.optional('stream_options')
  if (value === undefined) return false
  if (!stream || !isJsonObject(value))
    throw new Refusal('stream_options must be an object and needs stream to be true', { param: 'stream_options' })
  const options = new MemberReader(value, 'stream_options')
  const includeUsage = options.flag('include_usage') ?? false
  if (options.flag('include_obfuscation') === true) throw unsupported('stream_options.include_obfuscation')
  const [unknown] = options.rest()
  if (unknown !== undefined) throw unsupported(unknown)
  return includeUsage
}

function unsupported(param: string): Refusal {
  // The name comes from the client: of a foreign one only a plain, short form is repeated.
  const known = /^[A-Za-z0-9_.[\]]{1,128}$/.test(param) ? param : null
  return new Refusal(`${known ?? 'a parameter'} is not supported by this model as it is given here`, {
    param: known,
    code: 'unsupported_parameter',
  })
}
