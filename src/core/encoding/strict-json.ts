/** Whether JSON that was parsed already is strict (see json.ts), mostly without parsing it again. @module */
import { MalformedError } from '../../errors.ts'
import { decodeJson, isJsonObject, type JsonObject, type JsonValue, UNSAFE_KEYS } from './json.ts'

/** Deeper answers are none that anyone reads. */
export const MAX_STRICT_DEPTH = 32
const DOUBT = -1

function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
}

/** Members of the value, all levels together, or {@link DOUBT} where something in it may not be strict. */
function countMembers(value: JsonValue, depth: number): number {
  if (depth > MAX_STRICT_DEPTH) return DOUBT
  if (typeof value === 'number') return isExact(value) ? 0 : DOUBT
  if (typeof value !== 'object' || value === null) return 0
  return isJsonObject(value) ? countInObject(value, depth + 1) : countInList(value, depth + 1)
}

function countInObject(object: JsonObject, depth: number): number {
  const names = Object.keys(object)
  let count = names.length
  for (const name of names) {
    const within = UNSAFE_KEYS.has(name) ? DOUBT : countMembers(object[name] ?? null, depth)
    if (within === DOUBT) return DOUBT
    count += within
  }
  return count
}

function countInList(list: readonly JsonValue[], depth: number): number {
  let count = 0
  for (const item of list) {
    const within = countMembers(item, depth)
    if (within === DOUBT) return DOUBT
    count += within
  }
  return count
}

/** A surrogate that stands alone can only have been escaped; text that was decoded from octets holds none. */
function mayHoldSurrogates(text: string): boolean {
  return text.includes('\\ud') || text.includes('\\uD')
}

/** How often a quotation mark stands right before a colon: at least once for each member, where none has space between. */
function countColons(text: string): number {
  let count = 0
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count++
  return count
}

/**
 * JSON.parse keeps the last of two equal keys in silence: then the text has more colons behind a quotation mark than the value has members.
 * Where the counts differ for another reason the strict parser decides.
 * @param text what `value` was parsed from
 */
export function isStrictJson(text: string, value: JsonValue): boolean {
  if (!mayHoldSurrogates(text) && !/"[ \t\n\r]+:/.test(text) && countMembers(value, 0) === countColons(text))
    return true
  try {
    decodeJson(text, { maxSize: text.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
    return true
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}
