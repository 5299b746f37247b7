/** Which fields a place in the configuration may have, read from its JSON Schema: for messages about unknown ones. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { ConfigPath } from './issue.ts'

/** Names of the fields that are known at `path`; none where the schema knows no such place. */
export function knownFields(schema: JsonValue, path: ConfigPath): readonly string[] {
  let places = alternatives(schema)
  for (const part of path) places = places.flatMap((place) => alternatives(step(place, part)))
  const names = places.flatMap(({ properties }) => (isJsonObject(properties) ? Object.keys(properties) : []))
  return [...new Set(names)]
}

function step(place: JsonObject, part: string | number): JsonValue | undefined {
  if (typeof part === 'number') return place['items']
  const { properties, additionalProperties } = place
  return isJsonObject(properties) ? properties[part] : additionalProperties
}

function alternatives(schema: JsonValue | undefined): readonly JsonObject[] {
  if (!isJsonObject(schema)) return []
  const choices = schema['oneOf'] ?? schema['anyOf']
  return Array.isArray(choices) ? choices.flatMap(alternatives) : [schema]
}
