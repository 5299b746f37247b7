/** Reads a strict JSON object field by field: each field has a type, none is passed over, unknown ones are refused. @module */
import { MalformedError } from '../../errors.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isJsonObject } from './json.ts'

/** The codes with which a family of documents reports its faults. */
export interface ShapeCodes {
  readonly missing: FailureCode
  readonly unknown: FailureCode
  readonly invalid: FailureCode
}

/** The last second of ECMAScript's time range. */
const LAST_SECOND = 8_640_000_000_000

export class ObjectReader {
  readonly #object: JsonObject
  readonly #path: string
  readonly #codes: ShapeCodes
  readonly #read: Set<string> = new Set()

  /**
   * @param value of a document, or made by hand: then its fields are held to the same form
   * @param path names the object in errors, for example `policy.snp`
   */
  constructor(value: JsonValue | object | undefined, path: string, codes: ShapeCodes) {
    if (!isJsonObject(value))
      throw new MalformedError(value === undefined ? codes.missing : codes.invalid, `${path} must be an object`)
    this.#object = value
    this.#path = path
    this.#codes = codes
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key)
  }

  /** The raw value; absent is `missing`. */
  value(key: string): JsonValue {
    this.#read.add(key)
    const value = this.#held(key)
    if (value === undefined) throw this.#missing(key)
    return value
  }

  #held(key: string): JsonValue | undefined {
    return this.has(key) ? this.#object[key] : undefined
  }

  #missing(key: string, advice = ''): MalformedError {
    return new MalformedError(this.#codes.missing, `${this.#path}.${key} is missing${advice}`)
  }

  string(key: string, pattern?: RegExp): string {
    const value = this.value(key)
    if (typeof value !== 'string') throw this.invalid(key, 'must be a string')
    if (pattern && !pattern.test(value)) throw this.invalid(key, `must match ${pattern.source}`)
    return value
  }

  /** An exact integer, `min` to `max` inclusive. */
  integer(key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}): number {
    const value = this.value(key)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw this.invalid(key, `must be an integer from ${min} to ${max}`)
    return value
  }

  /** Seconds since 1970. Only such as a date can hold: whoever shows another would throw, and hostile documents choose it. */
  seconds(key: string): number {
    return this.integer(key, { max: LAST_SECOND })
  }

  boolean(key: string): boolean {
    const value = this.value(key)
    if (typeof value !== 'boolean') throw this.invalid(key, 'must be true or false')
    return value
  }

  array(key: string): readonly JsonValue[] {
    const value = this.value(key)
    if (typeof value !== 'object' || value === null || isJsonObject(value)) throw this.invalid(key, 'must be an array')
    return value
  }

  strings(key: string, pattern?: RegExp): readonly string[] {
    return this.array(key).map((item) => {
      if (typeof item !== 'string' || (pattern && !pattern.test(item)))
        throw this.invalid(key, `must hold strings${pattern ? ` that match ${pattern.source}` : ''}`)
      return item
    })
  }

  oneOf<const T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.value(key)
    const found = allowed.find((candidate) => candidate === value)
    if (found === undefined) throw this.invalid(key, `must be one of ${allowed.join(', ')}`)
    return found
  }

  object(key: string): ObjectReader {
    return new ObjectReader(this.value(key), `${this.#path}.${key}`, this.#codes)
  }

  /** Reads a field with `read` unless it is spelled `"unchecked"`. */
  unlessUnchecked<T>(key: string, read: () => T): T | 'unchecked' {
    if (this.#held(key) === undefined) throw this.#missing(key, ': write "unchecked" to leave the check out')
    return this.value(key) === 'unchecked' ? 'unchecked' : read()
  }

  keys(): readonly string[] {
    return Object.keys(this.#object)
  }

  /** What `read` makes of the object; a key that it passes over is refused. */
  whole<T>(read: (reader: ObjectReader) => T): T {
    const value = read(this)
    this.end()
    return value
  }

  /** Refuses every key that was not read. */
  end(): void {
    const unknown = Object.keys(this.#object).find((key) => !this.#read.has(key))
    if (unknown !== undefined)
      throw new MalformedError(
        this.#codes.unknown,
        `${this.#path} has an unknown key ${JSON.stringify(unknown.slice(0, 64))}`,
      )
  }

  invalid(key: string, what: string): MalformedError {
    return new MalformedError(this.#codes.invalid, `${this.#path}.${key} ${what}`)
  }
}
