/**
 * Lists in a policy. None is empty, since nobody who reads an empty list knows whether it asks for nothing or admits nothing, and none
 * names one thing twice. @module
 */
import type { JsonValue } from './json.ts'
import type { ObjectReader, ShapeCodes } from './shape.ts'

export const POLICY_CODES: ShapeCodes = {
  missing: 'POLICY_INCOMPLETE',
  unknown: 'POLICY_UNKNOWN_KEY',
  invalid: 'POLICY_INVALID',
}

/** Editors find the JSON Schema of a file by it; here it says nothing. @throws MalformedError unless it is absent or text */
export function forEditors(reader: ObjectReader): void {
  if (reader.has('$schema')) reader.string('$schema')
}

/** @throws MalformedError unless there are items, each once */
export function distinct<T>(reader: ObjectReader, key: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw reader.invalid(key, 'must not be empty: spell "unchecked" to leave the check out')
  if (new Set(items).size !== items.length) throw reader.invalid(key, 'must not name one thing twice')
  return items
}

/** @throws MalformedError unless the field lists values that are known, each once */
export function listOf<const T extends JsonValue>(
  reader: ObjectReader,
  key: string,
  known: readonly T[],
): readonly T[] {
  const items = reader.array(key).map((item) => {
    const value = known.find((candidate) => candidate === item)
    if (value === undefined) throw reader.invalid(key, `must not hold ${JSON.stringify(item)}`)
    return value
  })
  return distinct(reader, key, items)
}

/** @throws MalformedError unless the field is `unchecked`, or lists values of `size` octets in lower-case hex, each once */
export function hexList(reader: ObjectReader, key: string, size: number): readonly string[] | 'unchecked' {
  const form = new RegExp(`^[0-9a-f]{${2 * size}}$`)
  return reader.unlessUnchecked(key, () => distinct(reader, key, reader.strings(key, form)))
}
