/** Types of parameters that do not depend on the model, so that a wrong one is refused here, by its name. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { type ApiError, invalidRequest } from '../api-error.ts'

/** What a parameter must be. */
export interface ParameterType {
  /** As people say it. */
  readonly what: string
  readonly test: (value: JsonValue) => boolean
}

/** By the parameter's name. */
export type ParameterTypes = Readonly<Record<string, ParameterType>>

const MAX_CHOICES = 128

export const BOOLEAN: ParameterType = { what: 'a boolean', test: (value) => typeof value === 'boolean' }
export const OBJECT: ParameterType = { what: 'an object', test: isJsonObject }
export const ARRAY: ParameterType = { what: 'an array', test: (value) => Array.isArray(value) }
export const TEXT: ParameterType = { what: 'a string', test: (value) => typeof value === 'string' }
export const INTEGER: ParameterType = { what: 'an integer', test: (value) => Number.isInteger(value) }
export const COUNT: ParameterType = { what: 'a positive integer', test: (value) => isInteger(value, 1) }
export const SIZE: ParameterType = { what: 'an integer from 0', test: (value) => isInteger(value, 0) }
export const CHOICES: ParameterType = {
  what: `an integer from 1 to ${MAX_CHOICES}`,
  test: (value) => isInteger(value, 1) && Number(value) <= MAX_CHOICES,
}
const STOP: ParameterType = {
  what: 'a string or an array of strings',
  test: (value) =>
    typeof value === 'string' || (Array.isArray(value) && value.every((item: JsonValue) => typeof item === 'string')),
}

function isInteger(value: JsonValue, min: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min
}

function numberFrom(min: number, max: number): ParameterType {
  return {
    what: `a number from ${min} to ${max}`,
    test: (value) => typeof value === 'number' && value >= min && value <= max,
  }
}

/** In every API that draws tokens. */
export const SAMPLING: ParameterTypes = {
  stream: BOOLEAN,
  stream_options: OBJECT,
  temperature: numberFrom(0, 2),
  top_p: numberFrom(0, 1),
}

/** In chat and completions. */
export const CHOICE_SAMPLING: ParameterTypes = {
  ...SAMPLING,
  n: CHOICES,
  seed: INTEGER,
  presence_penalty: numberFrom(-2, 2),
  frequency_penalty: numberFrom(-2, 2),
  stop: STOP,
  logit_bias: OBJECT,
}

/** Null stands for absent. What is not listed is the upstream's matter. */
export function judgeTypes(fields: JsonObject, types: ParameterTypes): ApiError | undefined {
  for (const [name, { what, test }] of Object.entries(types)) {
    const value = fields[name]
    if (value !== undefined && value !== null && !test(value))
      return invalidRequest(`\`${name}\` must be ${what}.`, { param: name })
  }
  return undefined
}
