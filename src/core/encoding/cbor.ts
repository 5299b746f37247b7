/**
 * CBOR (RFC 8949). Decoding is strict: the deterministic subset, so that one value has one encoding. Its encoder stands beside it.
 * Refused: indefinite lengths (but that of one map on top, where asked for), non-minimal heads, tags, floats, text that is not UTF-8,
 * duplicate keys, trailing bytes, depth above 16. @module
 */
import { MalformedError } from '../../errors.ts'
import { Reader } from './reader.ts'
import { decodeUtf8 } from './utf8.ts'

export type CborValue = number | bigint | Uint8Array | string | boolean | null | readonly CborValue[] | CborMap
/** Keys in the order of the bytes; each is an integer or a text. */
export type CborMap = ReadonlyMap<number | string, CborValue>

/** What a decoder lets pass beyond the deterministic subset. */
export interface CborOptions {
  /** Whether the one item on top, a map, may have an indefinite length; nothing inside it may. */
  readonly topMap?: 'definite' | 'any-length'
}

const MAX_DEPTH = 16
const INDEFINITE_MAP = 0xbf
const BREAK = 0xff
const SIMPLE: ReadonlyMap<number, boolean | null> = new Map([
  [20, false],
  [21, true],
  [22, null],
])

function notCanonical(what: string): MalformedError {
  return new MalformedError('CBOR_NOT_CANONICAL', what)
}

function readArgument(reader: Reader, info: number): number | bigint {
  if (info < 24) return info
  if (info > 27) throw notCanonical('indefinite or reserved length')
  const value =
    info === 24
      ? reader.u8('CBOR head')
      : info === 25
        ? reader.u16be('CBOR head')
        : info === 26
          ? reader.u32be('CBOR head')
          : reader.u64be('CBOR head')
  const least = info === 24 ? 24 : info === 25 ? 0x100 : info === 26 ? 0x1_0000 : 0x1_0000_0000
  if (value < least) throw notCanonical('head is not minimal')
  return typeof value === 'bigint' && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

/** A count of things that must still be in the input: checked before anything is allocated. */
function readCount(reader: Reader, info: number, perItem: number): number {
  const count = readArgument(reader, info)
  if (typeof count === 'bigint' || count * perItem > reader.remaining)
    throw new MalformedError('PARSE_LENGTH', 'CBOR length beyond the end of the data')
  return count
}

/** Grows with what is read: each nested array can claim the whole rest of the input as its length. */
function readArray(reader: Reader, count: number, depth: number): readonly CborValue[] {
  const items: CborValue[] = []
  for (let i = 0; i < count; i++) items.push(readValue(reader, depth + 1))
  return items
}

function readEntry(reader: Reader, map: Map<number | string, CborValue>, depth: number): void {
  const key = readValue(reader, depth + 1)
  if (typeof key !== 'number' && typeof key !== 'string') throw notCanonical('a key is neither integer nor text')
  if (map.has(key)) throw new MalformedError('CBOR_DUPLICATE_KEY', 'a key appears twice')
  map.set(key, readValue(reader, depth + 1))
}

function readMap(reader: Reader, count: number, depth: number): CborMap {
  const map = new Map<number | string, CborValue>()
  for (let i = 0; i < count; i++) readEntry(reader, map, depth)
  return map
}

/** Entries up to the break, which stands where a key would. */
function readIndefiniteMap(reader: Reader, bytes: Uint8Array): CborMap {
  reader.skip('CBOR head', 1)
  const map = new Map<number | string, CborValue>()
  while (bytes[reader.offset] !== BREAK) readEntry(reader, map, 0)
  reader.skip('CBOR break', 1)
  return map
}

function readText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes)
  } catch (cause) {
    // Readers that put U+FFFD in its place would see one text in two byte strings.
    if (cause instanceof MalformedError) throw new MalformedError('CBOR_NOT_CANONICAL', 'text is not UTF-8', { cause })
    throw cause
  }
}

function readValue(reader: Reader, depth: number): CborValue {
  if (depth > MAX_DEPTH) throw new MalformedError('PARSE_DEPTH', `CBOR nested deeper than ${MAX_DEPTH}`)
  const head = reader.u8('CBOR head')
  const info = head & 0x1f
  switch (head >> 5) {
    case 0:
      return readArgument(reader, info)
    case 1: {
      const value = readArgument(reader, info)
      return typeof value === 'number' && value < Number.MAX_SAFE_INTEGER ? -1 - value : -1n - BigInt(value)
    }
    case 2:
      return reader.bytes('CBOR bytes', readCount(reader, info, 1))
    case 3:
      return readText(reader.bytes('CBOR text', readCount(reader, info, 1)))
    case 4:
      return readArray(reader, readCount(reader, info, 1), depth)
    case 5:
      return readMap(reader, readCount(reader, info, 2), depth)
    case 7: {
      const simple = info < 24 ? SIMPLE.get(info) : undefined
      if (simple === undefined) throw notCanonical('a float or unknown simple value')
      return simple
    }
    default:
      throw notCanonical('a tag')
  }
}

/** @throws MalformedError CBOR_NOT_CANONICAL, CBOR_DUPLICATE_KEY, PARSE_DEPTH, PARSE_LENGTH, PARSE_TRAILING, EVIDENCE_TRUNCATED */
export function decodeCbor(bytes: Uint8Array, { topMap = 'definite' }: CborOptions = {}): CborValue {
  const reader = new Reader(bytes)
  const indefinite = topMap === 'any-length' && bytes[0] === INDEFINITE_MAP
  const value = indefinite ? readIndefiniteMap(reader, bytes) : readValue(reader, 0)
  reader.end()
  return value
}

/** Whether a decoded value is a map. */
export function isCborMap(value: CborValue): value is CborMap {
  return value instanceof Map
}
