/**
 * The frame of a GGUF header: where each value stands, and that all of it is there. It goes before the library, which fills what a cut file
 * lacks with zeros, cuts long strings at the borders of its portions, keeps the last of two equal keys, turns bad UTF-8 into U+FFFD and
 * reads a vocabulary element by element. So digests are over the octets that stand here, and the library is given the rest. @module
 */
import { concatBytes } from '../../core/encoding/bytes.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { decodeUtf8, encodeUtf8 } from '../../core/encoding/utf8.ts'
import { MalformedError } from '../../errors.ts'

export interface GgufFrame {
  /** Magic, version and the count of tensors. */
  readonly start: Uint8Array
  /** The octets of each value, its type in front. */
  readonly values: ReadonlyMap<string, Uint8Array>
  /** The descriptions of all tensors. */
  readonly tensors: Uint8Array
}

/** `GGUF`, little-endian. */
const MAGIC = 0x4655_4747
const STRING = 8
const ARRAY = 9
/** Octets of each type of scalar; of types 8 and 9 they vary. */
const SCALAR_SIZES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
])

/** Each well above what is published: the largest vocabularies have some 300,000 tokens and 500,000 merges. */
const MAX_VALUES = 4_096
const MAX_TENSORS = 65_536
const MAX_ELEMENTS = 1_000_000
const MAX_ALL_ELEMENTS = 4_000_000
const MAX_NAME_SIZE = 1_024
/** Of a value that describes the model, its type included. */
const MAX_SHORT_SIZE = 4_096
/** As many as the library's arithmetic on dimensions and ggml itself know. */
const MAX_DIMENSIONS = 4

function count(reader: Reader, field: string, max: number): number {
  const value = reader.u64le(field)
  if (value > BigInt(max)) throw new MalformedError('PARSE_INVALID', `${field} is ${value}, at most ${max} are read`)
  return Number(value)
}

function skipString(reader: Reader, field: string): void {
  reader.view(field, count(reader, field, reader.remaining))
}

function readName(reader: Reader, field: string): string {
  return decodeUtf8(reader.view(field, count(reader, field, MAX_NAME_SIZE)))
}

/** Returns how many elements it passed. */
function skipArray(reader: Reader): number {
  const type = reader.u32le('array.type')
  const length = count(reader, 'array.length', MAX_ELEMENTS)
  const size = SCALAR_SIZES.get(type)
  if (size !== undefined) reader.view('array', size * length)
  else if (type === STRING) for (let i = 0; i < length; i++) skipString(reader, 'array.string')
  else throw new MalformedError('PARSE_INVALID', `an array holds values of type ${type}`)
  return length
}

/** Returns how many elements it passed. */
function skipValue(reader: Reader): number {
  const type = reader.u32le('value.type')
  if (type === ARRAY) return skipArray(reader)
  const size = SCALAR_SIZES.get(type)
  if (size !== undefined) reader.view('value', size)
  else if (type === STRING) skipString(reader, 'value')
  else throw new MalformedError('PARSE_INVALID', `a value has type ${type}`)
  return 1
}

function readValues(reader: Reader, length: number): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  let elements = 0
  for (let i = 0; i < length; i++) {
    const key = readName(reader, 'key')
    // Engines differ in which of two they take; and a key of the prototype would be lost in the library's object.
    if (values.has(key) || key in Object.prototype)
      throw new MalformedError('PARSE_INVALID', 'a key is twice or unsafe')
    const start = reader.offset
    elements += skipValue(reader)
    if (elements > MAX_ALL_ELEMENTS) throw new MalformedError('PARSE_INVALID', 'there are too many values in arrays')
    values.set(key, reader.viewFrom(start))
  }
  return values
}

function skipTensor(reader: Reader): void {
  readName(reader, 'tensor.name')
  const dimensions = reader.u32le('tensor.dimensions')
  if (dimensions > MAX_DIMENSIONS) throw new MalformedError('PARSE_INVALID', `a tensor has ${dimensions} dimensions`)
  reader.view('tensor.shape', 8 * dimensions)
  reader.u32le('tensor.type')
  reader.u64le('tensor.offset')
}

/**
 * @param octets the head of a file, as much of it as is read
 * @throws MalformedError PARSE_*, UTF8_INVALID
 */
export function readGgufFrame(octets: Uint8Array): GgufFrame {
  const reader = new Reader(octets)
  if (reader.u32le('magic') !== MAGIC) throw new MalformedError('PARSE_INVALID', 'it does not begin with GGUF')
  const version = reader.u32le('version')
  if (version !== 2 && version !== 3) throw new MalformedError('PARSE_INVALID', 'it is not GGUF 2 or 3, little-endian')
  const tensors = count(reader, 'tensors', MAX_TENSORS)
  const start = reader.viewFrom(0)
  const values = readValues(reader, count(reader, 'values', MAX_VALUES))
  const described = reader.offset
  for (let i = 0; i < tensors; i++) skipTensor(reader)
  return { start, values, tensors: reader.viewFrom(described) }
}

function u64le(value: number): Uint8Array {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(value), true)
  return octets
}

/** The same header without its long values: no vocabulary, no template. */
export function shortHeader({ start, values, tensors }: GgufFrame): Uint8Array<ArrayBuffer> {
  const kept = [...values].filter(([, value]) => value.length <= MAX_SHORT_SIZE)
  const pairs = kept.flatMap(([key, value]) => {
    const name = encodeUtf8(key)
    return [u64le(name.length), name, value]
  })
  return concatBytes(start, u64le(kept.length), ...pairs, tensors).slice()
}

/** The octets of a string as {@link GgufFrame} holds it; undefined for a value of another type. */
export function stringOctets(value: Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined || new Reader(value).u32le('type') !== STRING) return undefined
  return value.subarray(12)
}
