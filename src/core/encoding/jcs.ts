/** JSON Canonicalization Scheme, RFC 8785. Input comes from strict JSON, so keys are unique and strings well-formed. @module */
import { MalformedError } from '../../errors.ts'
import type { JsonValue } from './json.ts'
import { isJsonObject } from './json.ts'
import { encodeUtf8 } from './utf8.ts'

/** Printable ASCII that nothing in JSON escapes: nearly every string. */
const PLAIN = /^[ !#-[\]-~]*$/

function canonicalText(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') {
    if (PLAIN.test(value)) return `"${value}"`
    if (/\p{Surrogate}/u.test(value)) throw new MalformedError('JSON_LONE_SURROGATE', 'string holds a lone surrogate')
    return JSON.stringify(value)
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new MalformedError('JSON_NUMBER_RANGE', 'JSON has no such number')
    return JSON.stringify(value)
  }
  if (!isJsonObject(value)) return `[${value.map(canonicalText).join(',')}]`
  // Without a comparison of ours strings are sorted by UTF-16 code units, as RFC 8785 section 3.2.3 has it.
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${canonicalText(key)}:${canonicalText(value[key] ?? null)}`).join(',')}}`
}

/** The canonical octets of a JSON value. @throws MalformedError JSON_LONE_SURROGATE, JSON_NUMBER_RANGE */
export function encodeJcs(value: JsonValue): Uint8Array {
  return encodeUtf8(canonicalText(value))
}
