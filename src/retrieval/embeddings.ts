/**
 * The answer of a model server to `/v1/embeddings`, read strictly. Every octet of it is that server's choice: a number that is none, or a
 * vector of another length, would order chunks by nothing, and nobody would see it. Messages hold no text that was embedded.
 * @module
 */
import { isJsonObject, type JsonValue } from '../core/encoding/json.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError } from '../errors.ts'

/** Of length 1, so that a product of two is the cosine between them. */
export type UnitVector = Float32Array

/** Numbers of one vector. Models that are in use have at most half as many. */
const MAX_DIMENSION = 8192
/** JSON of one number takes less than this, with its comma. */
const NUMBER_OCTETS = 32
const ENVELOPE_OCTETS = 64 << 10

/** Octets that an answer with so many vectors may have. */
export function embeddingsSize(count: number): number {
  return ENVELOPE_OCTETS + count * MAX_DIMENSION * NUMBER_OCTETS
}

/**
 * The vectors in the order of the texts.
 * @param count texts that were sent
 * @throws CountersignError ERR_UPSTREAM unless there is one usable vector for each text, all of one dimension
 */
export function decodeEmbeddings(octets: Uint8Array, count: number): readonly UnitVector[] {
  const answer = parse(octets)
  const list = isJsonObject(answer) ? answer['data'] : undefined
  if (!Array.isArray(list) || list.length !== count) throw wrong(`is no list of ${count} embeddings`)
  const vectors = new Map<number, UnitVector>()
  for (const item of list) {
    const { index, embedding } = isJsonObject(item) ? item : {}
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || vectors.has(index))
      throw wrong('does not say once for each text which embedding is its own')
    vectors.set(index, unitVector(embedding))
  }
  const ordered = [...vectors].sort(([a], [b]) => a - b).map(([, vector]) => vector)
  if (ordered.some(({ length }) => length !== ordered[0]?.length)) throw wrong('has embeddings of several dimensions')
  return ordered
}

function unitVector(values: JsonValue | undefined): UnitVector {
  if (!Array.isArray(values) || values.length === 0 || values.length > MAX_DIMENSION)
    throw wrong(`has an embedding that is no list of 1 to ${MAX_DIMENSION} numbers`)
  let square = 0
  for (const value of values) {
    // 1e999 is JSON, and comes out as Infinity.
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw wrong('has an embedding with a value that is no number')
    square += value * value
  }
  const norm = Math.sqrt(square)
  // Zero, or so large or small that the squares have left the range: such a vector points nowhere.
  if (!(norm > 0 && Number.isFinite(norm))) throw wrong('has an embedding without direction')
  return Float32Array.from(values, (value) => Number(value) / norm)
}

function parse(octets: Uint8Array): JsonValue {
  try {
    return JSON.parse(decodeUtf8(octets))
  } catch {
    // A parser's message quotes what it could not parse, which may be a text that was embedded.
    throw wrong('is no JSON')
  }
}

function wrong(what: string): CountersignError {
  return new CountersignError('ERR_UPSTREAM', `the answer of the embedding model ${what}`)
}
