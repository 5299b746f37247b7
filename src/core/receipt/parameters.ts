/** Sampling parameters: which members of a request they are, and how the name of their descriptor shows them. @module */
import type { JsonObject, JsonValue } from '../encoding/json.ts'

/** Members of a request that steer how tokens are chosen, in whichever API. */
export const SAMPLING_MEMBERS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'typical_p',
  'seed',
  'n',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'min_tokens',
  'ignore_eos',
  'truncate_prompt_tokens',
  'best_of',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'repeat_penalty',
  'length_penalty',
  'logit_bias',
  'response_format',
  'reasoning_effort',
  'reasoning',
  'text',
] as const

/** One thing under the names that APIs have for it. */
export const LENGTH_LIMITS: readonly string[] = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']

/** Those that are there; null stands for absent. */
export function samplingOf(request: JsonObject): JsonObject {
  const given: Record<string, JsonValue> = {}
  for (const name of SAMPLING_MEMBERS) {
    const value = request[name]
    if (value !== undefined && value !== null) given[name] = value
  }
  return given
}

/**
 * `temperature=0.7 stop=2`. For people: numbers and the like as they are, of lists their length. Of text and objects, which may hold a prompt,
 * only that they are there.
 */
export function showParameters(parameters: JsonObject): string {
  return Object.entries(parameters).map(showParameter).join(' ')
}

function showParameter([name, value]: readonly [string, JsonValue]): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${name}=${value}`
  if (Array.isArray(value)) return `${name}=${value.length}`
  return `${name}=${typeof value === 'string' ? 'text' : 'object'}`
}

const SHOWN = /^([a-z][a-z0-9_]*)=(.*)$/

/** What {@link showParameters} wrote; undefined for any other text. */
export function shownParameters(name: string): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>()
  for (const word of name.split(' ')) {
    const [, key, value] = SHOWN.exec(word) ?? []
    if (key === undefined || value === undefined || values.has(key)) return undefined
    values.set(key, value)
  }
  return values
}
