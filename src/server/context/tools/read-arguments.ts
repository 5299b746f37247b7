/** Arguments of a call as the model wrote them, held to the first level of the tool's schema. Every octet is the model's choice. @module */
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'

export type ReadArguments =
  | { readonly ok: true; readonly value: JsonObject }
  /** Told to the model, so that it may try again. */
  | { readonly ok: false; readonly fault: string }

const LIMITS = { maxSize: 256 << 10, maxDepth: 32, numbers: 'any' } as const
/** Some models write nothing for a function without arguments. */
const NOTHING = /^[ \t\r\n]*$/

/** Deeper levels are judged by the server itself: what is refused here would only cost a call. */
export function readArguments(text: string, schema: JsonObject): ReadArguments {
  const value = parse(NOTHING.test(text) ? '{}' : text)
  if (value === undefined) return fault('The arguments are no JSON object.')
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  for (const name of required)
    if (typeof name === 'string' && !Object.hasOwn(value, name)) return fault(`The argument ${name} is missing.`)
  for (const [name, given] of Object.entries(value)) {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (declared === undefined && schema['additionalProperties'] === false)
      return fault('There is an argument that the tool does not have.')
    const types = isJsonObject(declared) ? typesOf(declared['type']) : []
    if (types.length > 0 && !types.some((type) => isOf(given, type)))
      return fault(`The argument ${name} must be of the type ${types.join(' or ')}.`)
  }
  return { ok: true, value }
}

function fault(text: string): ReadArguments {
  return { ok: false, fault: text }
}

/** Strict: of two equal keys a lenient reader keeps one, and the digest in the receipt would stand for both. */
function parse(text: string): JsonObject | undefined {
  try {
    const value = decodeJson(text, LIMITS)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function typesOf(type: JsonValue | undefined): readonly string[] {
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((one) => typeof one === 'string') : []
}

/** A type that JSON Schema does not know fits everything: the server knows what it means. */
function isOf(value: JsonValue, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isJsonObject(value)
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default:
      return true
  }
}
