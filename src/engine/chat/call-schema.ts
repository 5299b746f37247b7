/** The parameters of a function (JSON Schema) as the arguments that a call must have: the flat ones that this model can fill, nothing nested. @module */
import { isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { CallField } from '../call/plan.ts'
import { MemberReader } from './member-reader.ts'
import { Refusal } from './refusal.ts'

/** They say nothing about which value fits. */
const ANNOTATIONS: readonly string[] = ['title', 'description', 'default', 'examples', 'deprecated', '$comment']
/** Of the whole; what none of the required arguments names is never filled. */
const AROUND: readonly string[] = [...ANNOTATIONS, '$schema', '$id', '$defs', 'definitions', 'additionalProperties']
const NUMBERS = /(?<![\w.])-?\d{1,15}(?:\.\d{1,15})?(?!\w)/g
/** Numbers of the text, the last ones, or of a range. */
const MAX_NUMBERS = 16
const DIGITS = 10

/**
 * The required arguments, in the order in which they are named; the others are left out.
 * @param source the text that numbers are taken from
 * @throws Refusal for what this model cannot fill
 */
export function decodeParameters(value: JsonValue, path: string, source: string): readonly CallField[] {
  if (!isJsonObject(value)) throw new Refusal(`${path} must be an object`, { param: path })
  const reader = new MemberReader(value, path)
  if (reader.optional('type') !== undefined && reader.text('type') !== 'object') throw unfillable(`${path}.type`)
  const properties = reader.optional('properties') ?? {}
  if (!isJsonObject(properties)) throw new Refusal(`${path}.properties must be an object`, { param: path })
  const names = decodeRequired(reader.optional('required') ?? [], path)
  reader.ignore(AROUND)
  refuseRest(reader, path)
  return names.map((name) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (schema === undefined || !isJsonObject(schema)) throw unfillable(path)
    return decodeField(name, new MemberReader(schema, path), { path, source })
  })
}

function decodeRequired(value: JsonValue, path: string): readonly string[] {
  const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : undefined
  if (names === undefined || !Array.isArray(value) || names.length < value.length)
    throw new Refusal(`${path}.required must be a list of names`, { param: path })
  return [...new Set(names)]
}

interface Place {
  readonly path: string
  readonly source: string
}

function decodeField(name: string, reader: MemberReader, { path, source }: Place): CallField {
  reader.ignore(ANNOTATIONS)
  const type = decodeType(reader, path)
  const members = decodeMembers(reader, path)
  if (members !== undefined) {
    const fitting = members.filter((member) => isOfType(member, type))
    if (fitting.length === 0) throw unfillable(path)
    refuseRest(reader, path)
    return { kind: 'member', name, members: fitting.map((member) => JSON.stringify(member)) }
  }
  const field = decodeTyped(name, type, { reader, path, source })
  refuseRest(reader, path)
  return field
}

function decodeTyped(
  name: string,
  type: string | undefined,
  { reader, path, source }: Place & { readonly reader: MemberReader },
): CallField {
  switch (type) {
    case 'string': {
      const minLength = reader.integer('minLength', { min: 0 }) ?? 0
      const maxLength = reader.integer('maxLength', { min: 0 }) ?? Number.MAX_SAFE_INTEGER
      return { kind: 'passage', name, minLength, maxLength }
    }
    case 'integer':
    case 'number': {
      const bounds = { min: -Number.MAX_SAFE_INTEGER }
      const minimum = reader.number('minimum', bounds) ?? Number.NEGATIVE_INFINITY
      const maximum = reader.number('maximum', bounds) ?? Number.POSITIVE_INFINITY
      const numbers = numbersOf(source, { minimum, maximum, whole: type === 'integer' })
      if (numbers.length === 0) throw unfillable(path)
      return { kind: 'member', name, members: numbers.map((number) => JSON.stringify(number)) }
    }
    case 'boolean':
      return { kind: 'member', name, members: ['false', 'true'] }
    case 'null':
      return { kind: 'member', name, members: ['null'] }
    default:
      throw unfillable(path)
  }
}

/** Of several types the first that says something. */
function decodeType(reader: MemberReader, path: string): string | undefined {
  const value = reader.optional('type')
  if (value === undefined || typeof value === 'string') return value
  const types = Array.isArray(value) ? value.filter((type) => typeof type === 'string') : []
  const type = types.find((one) => one !== 'null') ?? types[0]
  if (type === undefined) throw unfillable(path)
  return type
}

function decodeMembers(reader: MemberReader, path: string): readonly JsonValue[] | undefined {
  const [constant, list] = [reader.optional('const'), reader.optional('enum')]
  if (constant === undefined && list === undefined) return undefined
  const members = constant === undefined ? list : [constant]
  if (!Array.isArray(members) || members.some((member) => typeof member === 'object' && member !== null))
    throw unfillable(path)
  return members
}

function isOfType(value: JsonValue, type: string | undefined): boolean {
  if (type === undefined) return true
  if (type === 'integer') return Number.isSafeInteger(value)
  return value === null ? type === 'null' : typeof value === type
}

/** Those of the text; where none fits, a few of the range, from its beginning or from zero. */
function numbersOf(
  source: string,
  { minimum, maximum, whole }: { readonly minimum: number; readonly maximum: number; readonly whole: boolean },
): readonly number[] {
  const fits = (number: number): boolean =>
    number >= minimum && number <= maximum && (!whole || Number.isSafeInteger(number))
  const named = [...source.matchAll(NUMBERS)].map(([text]) => Number(text)).filter(fits)
  if (named.length > 0) return [...new Set(named)].slice(-MAX_NUMBERS)
  const first = Math.ceil(Math.max(minimum, Math.min(0, maximum - DIGITS + 1)))
  return Array.from({ length: DIGITS }, (_, i) => first + i).filter(fits)
}

/** Names of arguments are the client's text: only the place is named. */
function refuseRest(reader: MemberReader, path: string): void {
  if (reader.rest().length > 0) throw unfillable(path)
}

function unfillable(param: string): Refusal {
  return new Refusal(
    `${param} asks for arguments that this model cannot fill: it fills required strings, numbers, booleans and enumerations, within minLength, maxLength, minimum and maximum`,
    { param, code: 'unsupported_parameter' },
  )
}
