/** A loaded model: weights and tokenizer, ready to run. Reads bytes that it is given; whoever gives them checks their digest. @module */
import type { ChatMessage } from './chat-template.ts'
import { encodeChat } from './chat-template.ts'
import { decodeConfig } from './config.ts'
import { computeLogits, feedToken } from './forward.ts'
import type { Network } from './network.ts'
import { createNetwork } from './network.ts'
import { decodeSafetensors } from './safetensors.ts'
import { createState } from './state.ts'
import { decode, encode } from './tokenizer.ts'
import type { Vocabulary } from './vocabulary.ts'
import { decodeVocabulary } from './vocabulary.ts'

/** The bytes of `config.json`, `model.safetensors` and `tokenizer.json`. */
export interface ModelFiles {
  readonly config: Uint8Array
  readonly weights: Uint8Array
  readonly tokenizer: Uint8Array
}

/** Immutable; any number of generations may run on it at the same time. */
export interface Model {
  readonly name: string
  /** Tokens of prompt and answer together. */
  readonly contextLength: number
  readonly vocabularySize: number
  readonly parameters: number
  /** For the engine itself. */
  readonly network: Network
  /** For the engine itself. */
  readonly vocabulary: Vocabulary
}

/**
 * Decodes the three files and checks that they fit together. Copies what it keeps.
 * @throws EngineError invalid_model
 */
export function createModel({ config, weights, tokenizer }: ModelFiles): Model {
  const shape = decodeConfig(config)
  const vocabulary = decodeVocabulary(tokenizer, shape.vocabularySize)
  const network = createNetwork(shape, decodeSafetensors(weights))
  const { name, contextLength, vocabularySize } = shape
  return { name, contextLength, vocabularySize, parameters: network.parameters, network, vocabulary }
}

/** The tokens of a text, never special ones. */
export function encodeText({ vocabulary }: Model, text: string): Int32Array {
  return encode(vocabulary, text)
}

/** The bytes of tokens; special tokens give their names. */
export function decodeTokens({ vocabulary }: Model, tokens: readonly number[]): Uint8Array {
  return decode(vocabulary, tokens)
}

/**
 * The logits after every token, one row for each: `tokens.length * vocabularySize` numbers. The same bits on every engine.
 * Tokens beyond the context length are left out.
 */
export function logitsOf({ network, vocabularySize, contextLength }: Model, tokens: ArrayLike<number>): Float64Array {
  const used = Array.from(tokens).slice(0, contextLength)
  const state = createState(network.config)
  const rows = new Float64Array(used.length * vocabularySize)
  for (const [i, token] of used.entries()) {
    feedToken(network, state, token)
    computeLogits(network, state)
    rows.set(state.logits, i * vocabularySize)
  }
  return rows
}

/**
 * Digest over the logits at every token of fixed chats, each number as binary64 little-endian, in order. Equal digests mean
 * that two machines compute the same function to the bit.
 * @param sha256 the hash to use, so that the engine needs none of its own
 */
export function digestLogits(
  model: Model,
  chats: readonly (readonly ChatMessage[])[],
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const tables = chats.map((chat) => logitsOf(model, encodeChat(model.vocabulary, chat, model.contextLength)))
  const bytes = new Uint8Array(tables.reduce((sum, table) => sum + 8 * table.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const table of tables) {
    for (const logit of table) {
      view.setFloat64(offset, logit, true)
      offset += 8
    }
  }
  return sha256(bytes)
}
