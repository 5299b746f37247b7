/** CBOR (RFC 8949) in its one deterministic form, section 4.2.1, the only one that {@link decodeCbor} accepts. Keys stay in the order given. @module */
import { concatBytes } from './bytes.ts'
import type { CborMap, CborValue } from './cbor.ts'
import { encodeUtf8 } from './utf8.ts'

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const
const FALSE = Uint8Array.of(0xf4)
const TRUE = Uint8Array.of(0xf5)
const NULL = Uint8Array.of(0xf6)

/** Major type and argument, in as few octets as hold it. */
function head(major: number, argument: number | bigint): Uint8Array {
  const value = BigInt(argument)
  const type = major << 5
  if (value < 24n) return Uint8Array.of(type | Number(value))
  const width = value < 0x100n ? 1 : value < 0x1_0000n ? 2 : value < 0x1_0000_0000n ? 4 : 8
  const octets = new Uint8Array(1 + width)
  octets[0] = type | (24 + Math.log2(width))
  for (let i = width, left = value; i > 0; i--, left >>= 8n) octets[i] = Number(left & 0xffn)
  return octets
}

/** Maps, arrays, texts, octets, integers, booleans and null; an integer is below 2^64 in size. */
export function encodeCbor(value: CborValue): Uint8Array {
  if (value === null) return NULL
  if (typeof value === 'boolean') return value ? TRUE : FALSE
  if (typeof value === 'number' || typeof value === 'bigint') return encodeInteger(BigInt(value))
  if (typeof value === 'string') return withHead(MAJOR.text, encodeUtf8(value))
  if (value instanceof Uint8Array) return withHead(MAJOR.bytes, value)
  if (isMap(value)) {
    const pairs = [...value].flatMap(([key, item]) => [encodeCbor(key), encodeCbor(item)])
    return concatBytes(head(MAJOR.map, value.size), ...pairs)
  }
  return concatBytes(head(MAJOR.array, value.length), ...value.map(encodeCbor))
}

function encodeInteger(value: bigint): Uint8Array {
  return value < 0n ? head(MAJOR.negative, -1n - value) : head(MAJOR.unsigned, value)
}

function withHead(major: number, octets: Uint8Array): Uint8Array {
  return concatBytes(head(major, octets.length), octets)
}

function isMap(value: readonly CborValue[] | CborMap): value is CborMap {
  return value instanceof Map
}
