/** What one generation keeps while it runs: the keys and values of the tokens so far, and the buffers of one step. @module */
import type { NetworkConfig } from './config.ts'

/** Keys and values of one layer, `position * width`, grown by doubling. */
export interface LayerCache {
  keys: Float32Array
  values: Float32Array
}

/** Mutable; belongs to one generation. `position` is the number of tokens that were fed. */
export interface State {
  position: number
  /** Positions for which there is room. */
  capacity: number
  readonly cache: readonly LayerCache[]
  readonly residual: Float32Array
  readonly normed: Float32Array
  readonly queryKeyValue: Float32Array
  readonly mixed: Float32Array
  readonly inner: Float32Array
  readonly projected: Float32Array
  /** A vector rounded to int8, held in binary64 for the products. */
  readonly rounded: Float64Array
  /** Attention weights of one head, one for each position. */
  weights: Float64Array
  readonly sums: Float64Array
  /** The result of a step, one number for each token of the vocabulary. */
  readonly logits: Float64Array
}

const FIRST_CAPACITY = 64

export function createState({ width, hidden, layers, headSize, vocabularySize }: NetworkConfig): State {
  const capacity = FIRST_CAPACITY
  return {
    position: 0,
    capacity,
    cache: Array.from({ length: layers }, () => ({
      keys: new Float32Array(capacity * width),
      values: new Float32Array(capacity * width),
    })),
    residual: new Float32Array(width),
    normed: new Float32Array(width),
    queryKeyValue: new Float32Array(3 * width),
    mixed: new Float32Array(width),
    inner: new Float32Array(hidden),
    projected: new Float32Array(width),
    rounded: new Float64Array(Math.max(width, hidden)),
    weights: new Float64Array(capacity),
    sums: new Float64Array(headSize),
    logits: new Float64Array(vocabularySize),
  }
}

/** Makes room for one more position. Doubles, so that a generation allocates only a few times. */
export function growState(state: State, { width, contextLength }: NetworkConfig): void {
  if (state.position < state.capacity) return
  const capacity = Math.min(2 * state.capacity, contextLength)
  for (const layer of state.cache) {
    layer.keys = enlarge(layer.keys, capacity * width)
    layer.values = enlarge(layer.values, capacity * width)
  }
  state.weights = new Float64Array(capacity)
  state.capacity = capacity
}

function enlarge(old: Float32Array, size: number): Float32Array {
  const larger = new Float32Array(size)
  larger.set(old)
  return larger
}
