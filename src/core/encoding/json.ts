/**
 * Strict JSON (RFC 8259 and I-JSON): no duplicate or unsafe keys, no lone surrogates, numbers that are exact, bounded depth.
 * A hand-written parser, because JSON.parse keeps the last of two equal keys in silence. @module
 */
import { MalformedError } from '../../errors.ts'
import { decodeUtf8 } from './utf8.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** Made without a prototype, so that no key of the text can reach one. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export interface JsonLimits {
  /** Octets of the text. */
  readonly maxSize?: number
  readonly maxDepth?: number
  /** `integer`: every number must be an exact integer. `any`: fractions are allowed. */
  readonly numbers?: 'integer' | 'any'
}

export const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const PLAIN = /[ !#-[\]-\uffff]*/y
const SPACE = /[ \t\n\r]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class JsonParser {
  readonly #text: string
  readonly #maxDepth: number
  readonly #integers: boolean
  #at = 0

  constructor(text: string, { maxDepth = 16, numbers = 'integer' }: JsonLimits) {
    this.#text = text
    this.#maxDepth = maxDepth
    this.#integers = numbers === 'integer'
  }

  document(): JsonValue {
    const value = this.#value(0)
    this.#match(SPACE)
    if (this.#at !== this.#text.length)
      throw new MalformedError('PARSE_TRAILING', `text after the JSON value at ${this.#at}`)
    return value
  }

  #value(depth: number): JsonValue {
    if (depth > this.#maxDepth) throw new MalformedError('PARSE_DEPTH', `JSON nested deeper than ${this.#maxDepth}`)
    this.#match(SPACE)
    const letter = this.#text[this.#at]
    if (letter === '{') return this.#object(depth)
    if (letter === '[') return this.#array(depth)
    if (letter === '"') return this.#string()
    if (this.#literal('true')) return true
    if (this.#literal('false')) return false
    if (this.#literal('null')) return null
    return this.#number()
  }

  #object(depth: number): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null)
    this.#at++
    if (this.#closes('}')) return object
    for (;;) {
      this.#match(SPACE)
      if (this.#text[this.#at] !== '"') throw this.#invalid('a key is due')
      const key = this.#string()
      if (UNSAFE_KEYS.has(key)) throw new MalformedError('JSON_UNSAFE_KEY', `key ${key} is refused`)
      if (Object.hasOwn(object, key))
        throw new MalformedError('JSON_DUPLICATE_KEY', `a key appears twice before ${this.#at}`)
      this.#match(SPACE)
      if (this.#text[this.#at++] !== ':') throw this.#invalid('a colon is due')
      object[key] = this.#value(depth + 1)
      if (this.#closes('}')) return object
      if (this.#text[this.#at++] !== ',') throw this.#invalid('a comma or } is due')
    }
  }

  #array(depth: number): readonly JsonValue[] {
    const array: JsonValue[] = []
    this.#at++
    if (this.#closes(']')) return array
    for (;;) {
      array.push(this.#value(depth + 1))
      if (this.#closes(']')) return array
      if (this.#text[this.#at++] !== ',') throw this.#invalid('a comma or ] is due')
    }
  }

  #string(): string {
    this.#at++
    let out = ''
    for (;;) {
      out += this.#match(PLAIN)
      const letter = this.#text[this.#at++]
      if (letter === '"') break
      if (letter !== '\\') throw this.#invalid('a string is not closed or holds a control character')
      out += this.#escape()
    }
    if (/\p{Surrogate}/u.test(out)) throw new MalformedError('JSON_LONE_SURROGATE', `lone surrogate before ${this.#at}`)
    return out
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? ''
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at, this.#at + 4)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#invalid('bad \\u escape')
      this.#at += 4
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (plain === undefined) throw this.#invalid('unknown escape')
    return plain
  }

  #number(): number {
    const text = this.#match(NUMBER)
    if (text === '') throw this.#invalid('a value is due')
    const value = Number(text)
    if (!Number.isFinite(value)) throw new MalformedError('JSON_NUMBER_RANGE', `number out of range before ${this.#at}`)
    if ((this.#integers || /^-?[0-9]+$/.test(text)) && !Number.isSafeInteger(value)) {
      throw new MalformedError('JSON_NUMBER_RANGE', `number before ${this.#at} is not an exact integer`)
    }
    return value
  }

  #closes(letter: string): boolean {
    this.#match(SPACE)
    if (this.#text[this.#at] !== letter) return false
    this.#at++
    return true
  }

  #literal(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #invalid(what: string): MalformedError {
    return new MalformedError('JSON_INVALID', `${what} at ${this.#at}`)
  }
}

/**
 * Decodes strict JSON text or octets.
 * @throws MalformedError JSON_*, UTF8_INVALID, PARSE_DEPTH, PARSE_TRAILING, EVIDENCE_TOO_LARGE
 */
export function decodeJson(source: Uint8Array | string, limits: JsonLimits = {}): JsonValue {
  const { maxSize = 1 << 20 } = limits
  if (source.length > maxSize) throw new MalformedError('EVIDENCE_TOO_LARGE', `JSON larger than ${maxSize} bytes`)
  const text = typeof source === 'string' ? source : decodeUtf8(source)
  return new JsonParser(text, limits).document()
}

/** Whether a JSON value is an object. */
export function isJsonObject(value: JsonValue | object | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
