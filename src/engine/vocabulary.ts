/** tokenizer.json: a byte-level BPE vocabulary in the form that Hugging Face's tokenizers library writes. @module */
import type { JsonObject, JsonValue } from '../core/encoding/json.ts'
import { isJsonObject } from '../core/encoding/json.ts'
import { bytesOfLetters, letterOfByte } from './byte-letters.ts'
import { readObject } from './config.ts'
import { EngineError } from './errors.ts'

/** Two neighbouring tokens that become one; the lower rank goes first. */
export interface Merge {
  readonly rank: number
  readonly result: number
}

/** Special tokens are made only by the chat template, never from text. */
export const SPECIAL_TOKENS = ['<|end|>', '<|system|>', '<|user|>', '<|assistant|>', '<|tool|>'] as const
export type SpecialToken = (typeof SPECIAL_TOKENS)[number]

export interface Vocabulary {
  readonly size: number
  /** The bytes of each token; a special token's are the UTF-8 of its name. */
  readonly bytes: readonly Uint8Array[]
  /** The token of each single byte. */
  readonly byteTokens: Uint32Array
  /** By `left * size + right`. */
  readonly merges: ReadonlyMap<number, Merge>
  readonly special: Readonly<Record<SpecialToken, number>>
  /** Bytes of the longest token, by which text too long for the context is noticed before it is encoded. */
  readonly longest: number
}

const MAX_TOKENIZER_BYTES = 16 * 1024 * 1024
/** How text is cut before merging; the one pattern that this engine implements. */
const PATTERN = ' ?[A-Za-z]+|[0-9]| ?[^A-Za-z0-9 \\t\\r\\n]+|[ \\t\\r\\n]+'

/** @throws EngineError invalid_model */
export function decodeVocabulary(file: Uint8Array, size: number): Vocabulary {
  const root = readObject(file, MAX_TOKENIZER_BYTES, 'tokenizer.json')
  const model = object(root['model'], 'model')
  if (model['type'] !== 'BPE') throw wrong('model.type must be BPE')
  const [split] = array(object(root['pre_tokenizer'], 'pre_tokenizer')['pretokenizers'], 'pre_tokenizer.pretokenizers')
  const pattern = object(object(split, 'pre_tokenizer')['pattern'], 'pre_tokenizer.pattern')
  if (pattern['Regex'] !== PATTERN) throw wrong('the splitting pattern is not the one that the engine implements')
  const ids = decodeIds(object(model['vocab'], 'model.vocab'), size)
  const special = decodeSpecial(ids)
  const isSpecial = new Set(Object.values(special))
  const bytes: Uint8Array[] = Array.from({ length: size }, () => new Uint8Array(0))
  for (const [entry, id] of ids) {
    const spelled = isSpecial.has(id) ? new TextEncoder().encode(entry) : bytesOfLetters(entry)
    if (spelled === undefined || spelled.length === 0) throw wrong('a vocabulary entry spells no bytes')
    bytes[id] = spelled
  }
  const byteTokens = Uint32Array.from({ length: 256 }, (_, byte) => idOf(ids, letterOfByte(byte)))
  const merges = decodeMerges(array(model['merges'], 'model.merges'), ids)
  const longest = bytes.reduce((most, { length }) => Math.max(most, length), 0)
  return { size, bytes, byteTokens, merges, special, longest }
}

/** Entry -> id, where the ids are exactly 0 … size - 1. */
function decodeIds(vocab: JsonObject, size: number): ReadonlyMap<string, number> {
  const ids = new Map<string, number>()
  const seen = new Set<number>()
  for (const [entry, id] of Object.entries(vocab)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= size)
      throw wrong('a token id is out of range')
    ids.set(entry, id)
    seen.add(id)
  }
  if (ids.size !== size || seen.size !== size)
    throw wrong(`the vocabulary must have the ids 0 to ${size - 1}, each once`)
  return ids
}

function decodeSpecial(ids: ReadonlyMap<string, number>): Vocabulary['special'] {
  return {
    '<|end|>': idOf(ids, '<|end|>'),
    '<|system|>': idOf(ids, '<|system|>'),
    '<|user|>': idOf(ids, '<|user|>'),
    '<|assistant|>': idOf(ids, '<|assistant|>'),
    '<|tool|>': idOf(ids, '<|tool|>'),
  }
}

function decodeMerges(list: readonly JsonValue[], ids: ReadonlyMap<string, number>): ReadonlyMap<number, Merge> {
  const merges = new Map<number, Merge>()
  for (const [rank, pair] of list.entries()) {
    const [left, right, ...rest] = array(pair, 'model.merges')
    if (typeof left !== 'string' || typeof right !== 'string' || rest.length > 0) throw wrong('a merge is not a pair')
    const key = idOf(ids, left) * ids.size + idOf(ids, right)
    if (merges.has(key)) throw wrong('a merge appears twice')
    merges.set(key, { rank, result: idOf(ids, left + right) })
  }
  return merges
}

function idOf(ids: ReadonlyMap<string, number>, entry: string): number {
  const id = ids.get(entry)
  if (id === undefined) throw wrong('the vocabulary lacks an entry that is needed')
  return id
}

function object(value: JsonValue | undefined, path: string): JsonObject {
  if (!isJsonObject(value)) throw wrong(`${path} must be an object`)
  return value
}

function array(value: JsonValue | undefined, path: string): readonly JsonValue[] {
  if (typeof value !== 'object' || value === null || isJsonObject(value)) throw wrong(`${path} must be an array`)
  return value
}

function wrong(what: string): EngineError {
  return new EngineError('invalid_model', `tokenizer.json: ${what}`)
}
