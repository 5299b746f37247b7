/** Where in JSON octets a top-level member stands, so that a splice can change it without re-serialising the rest. @module */
import { MalformedError } from '../../errors.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'

/** Octets `[start, end)` of a member's value. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A member: octets `[keyStart, keyEnd)` of its key with the quotes, and the octets of its value. */
export interface Member extends Span {
  readonly keyStart: number
  readonly keyEnd: number
}

/** Where elements can be put into an array. */
export interface ArraySpan {
  /** Behind the opening bracket. */
  readonly begin: number
  /** Behind the last element; `begin` where there is none. */
  readonly end: number
  readonly isEmpty: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at
  while (isSpace(bytes[i])) i++
  return i
}

function endOfString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++
    else if (bytes[i] === QUOTE) return i + 1
  }
  throw new MalformedError('JSON_INVALID', 'a string is not closed')
}

function endOfValue(bytes: Uint8Array, at: number): number {
  if (bytes[at] === QUOTE) return endOfString(bytes, at)
  let depth = 0
  let i = at
  while (i < bytes.length) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i = endOfString(bytes, i)
      continue
    }
    if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return i
      depth--
      if (depth === 0) return i + 1
    } else if (depth === 0 && (byte === 0x2c || isSpace(byte))) return i
    i++
  }
  throw new MalformedError('JSON_INVALID', 'a value is not closed')
}

/**
 * The spans of the values of all top-level members. `bytes` must be a JSON object that JSON.parse accepts.
 *
 * A key that is there twice is refused: gateway and model server could each see another value, so that a request
 * admitted for one model would run on another.
 * @throws MalformedError JSON_INVALID, JSON_DUPLICATE_KEY, UTF8_INVALID
 */
export function findMembers(bytes: Uint8Array): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  let i = skipSpace(bytes, 0)
  if (bytes[i] !== 0x7b) throw new MalformedError('JSON_INVALID', 'an object is due')
  i = skipSpace(bytes, i + 1)
  while (bytes[i] === QUOTE) {
    const keyStart = i
    const keyEnd = endOfString(bytes, i)
    // Escapes in keys are resolved, so that "\u006dodel" is found as the member that a JSON parser sees.
    const key = String(JSON.parse(decodeUtf8(bytes.subarray(i, keyEnd))))
    if (members.has(key)) throw new MalformedError('JSON_DUPLICATE_KEY', 'a top-level key appears twice')
    const start = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1)
    const end = endOfValue(bytes, start)
    members.set(key, { keyStart, keyEnd, start, end })
    i = skipSpace(bytes, end)
    if (bytes[i] === 0x2c) i = skipSpace(bytes, i + 1)
  }
  return members
}

/** Undefined where the value is no array. */
export function endOfArray(bytes: Uint8Array, { start, end }: Span): ArraySpan | undefined {
  if (bytes[start] !== 0x5b) return undefined
  let last = end - 1
  while (last > start + 1 && isSpace(bytes[last - 1])) last--
  const isEmpty = last === start + 1
  return { begin: start + 1, end: last, isEmpty }
}

/** Whether a value is a JSON string. */
export function isText(bytes: Uint8Array, { start }: Span): boolean {
  return bytes[start] === QUOTE
}

/** The spans of all elements of an array. @throws MalformedError JSON_INVALID */
export function findElements(bytes: Uint8Array, { start, end }: Span): readonly Span[] {
  const elements: Span[] = []
  let i = skipSpace(bytes, start + 1)
  while (i < end - 1) {
    const span = { start: i, end: endOfValue(bytes, i) }
    elements.push(span)
    i = skipSpace(bytes, span.end)
    if (bytes[i] === 0x2c) i = skipSpace(bytes, i + 1)
  }
  return elements
}
