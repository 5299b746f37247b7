/** config.json of the model: sizes of the network. Field names follow the custom of Hugging Face where there is one. @module */
import type { JsonObject } from '../core/encoding/json.ts'
import { decodeJson, isJsonObject } from '../core/encoding/json.ts'
import { EngineError } from './errors.ts'
import { MAX_COLUMNS, ROWS_TOGETHER } from './matmul.ts'

/** The shape of the network; every size is a positive integer. */
export interface NetworkConfig {
  readonly name: string
  readonly vocabularySize: number
  readonly contextLength: number
  /** Width of the residual stream; `heads * headSize`. */
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly headSize: number
  /** Width inside the feed-forward block. */
  readonly hidden: number
  /** Factor on the scores of attention, before softmax. */
  readonly attentionScale: number
}

const MAX_CONFIG_BYTES = 16 * 1024

// What the engine computes; a file that asks for anything else is refused, not approximated.
const FIXED: Readonly<Record<string, string | number | boolean>> = {
  model_type: 'countersign',
  hidden_act: 'relu2',
  tie_word_embeddings: true,
  rms_norm_eps: 1e-6,
  quantization: 'int8',
}

/** @throws EngineError invalid_model */
export function decodeConfig(bytes: Uint8Array): NetworkConfig {
  const object = readObject(bytes, MAX_CONFIG_BYTES, 'config.json')
  for (const [key, value] of Object.entries(FIXED)) {
    if (object[key] !== value) throw new EngineError('invalid_model', `config.json: ${key} must be ${value}`)
  }
  const width = integer(object, 'hidden_size', MAX_COLUMNS)
  const heads = integer(object, 'num_attention_heads', 256)
  const hidden = integer(object, 'intermediate_size', MAX_COLUMNS)
  const vocabularySize = integer(object, 'vocab_size', 65536)
  const headSize = width / heads
  const isWhole = [width, hidden, vocabularySize].every((rows) => rows % ROWS_TOGETHER === 0)
  // Rotary positions pair the halves of a head.
  if (!isWhole || !Number.isInteger(headSize / 2)) {
    throw new EngineError('invalid_model', 'config.json: sizes must be multiples of eight and heads of even size')
  }
  const name = object['name']
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name)) {
    throw new EngineError('invalid_model', 'config.json: name must be a short lower-case name')
  }
  const attentionScale = object['attention_scale']
  if (typeof attentionScale !== 'number' || !(attentionScale > 0 && attentionScale <= 16)) {
    throw new EngineError('invalid_model', 'config.json: attention_scale must be a number above 0, at most 16')
  }
  const contextLength = integer(object, 'max_position_embeddings', 65536)
  const layers = integer(object, 'num_hidden_layers', 128)
  return { name, vocabularySize, contextLength, width, layers, heads, headSize, hidden, attentionScale }
}

/** Decodes strict JSON that must be an object. @throws EngineError invalid_model */
export function readObject(bytes: Uint8Array, maxSize: number, file: string): JsonObject {
  try {
    const value = decodeJson(bytes, { maxSize, numbers: 'any' })
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw new EngineError('invalid_model', `${file} is not strict JSON of at most ${maxSize} bytes`, { cause })
  }
  throw new EngineError('invalid_model', `${file} must hold an object`)
}

function integer(object: JsonObject, key: string, max: number): number {
  const value = object[key]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw new EngineError('invalid_model', `config.json: ${key} must be an integer from 1 to ${max}`)
  }
  return value
}
