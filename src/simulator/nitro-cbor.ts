/** A small CBOR writer: what it takes to make documents of Nitro's shape, with heads of any width. It knows nothing of the reader in core. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const
const BREAK: Uint8Array = Uint8Array.of(0xff)

/** Octets of an argument: none where it stands in the head itself. */
export type HeadWidth = 0 | 1 | 2 | 4 | 8

export const cborNull: Uint8Array = Uint8Array.of(0xf6)

/** Head of an item; as short as it gets unless a width is given. */
export function cborHead(major: keyof typeof MAJOR, argument: number | bigint, width?: HeadWidth): Uint8Array {
  const value = BigInt(argument)
  const size = width ?? shortest(value)
  const type = MAJOR[major] << 5
  if (size === 0) return Uint8Array.of(type | Number(value))
  const octets = Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * (size - 1 - index))) & 0xffn))
  return Uint8Array.of(type | (24 + Math.log2(size)), ...octets)
}

function shortest(value: bigint): HeadWidth {
  if (value < 24n) return 0
  if (value < 0x100n) return 1
  if (value < 0x1_0000n) return 2
  return value < 0x1_0000_0000n ? 4 : 8
}

/** An integer of either sign. */
export function cborInteger(value: number | bigint): Uint8Array {
  return value < 0 ? cborHead('negative', -1n - BigInt(value)) : cborHead('unsigned', value)
}

export function cborBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(cborHead('bytes', bytes.length), bytes)
}

export function cborText(text: string): Uint8Array {
  const bytes = encodeUtf8(text)
  return concatBytes(cborHead('text', bytes.length), bytes)
}

/** @param items each CBOR already */
export function cborArray(...items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(cborHead('array', items.length), ...items)
}

/** @param entries keys and values, each CBOR already */
export function cborMap(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  return concatBytes(cborHead('map', entries.length), ...entries.flat())
}

/** The same of indefinite length. */
export function cborIndefiniteMap(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  return concatBytes(Uint8Array.of(0xbf), ...entries.flat(), BREAK)
}

/** @param item CBOR already */
export function cborTag(tag: number, item: Uint8Array): Uint8Array {
  return concatBytes(cborHead('tag', tag), item)
}
