/**
 * Causal attention of one new token over all tokens so far, in IEEE double precision, every sum in a fixed order.
 * Queries and keys are normalised per head and turned by their position. @module
 */
import { exactExp } from './exact-math.ts'
import type { Network } from './network.ts'
import { inverseRms } from './norm.ts'
import type { LayerCache, State } from './state.ts'

/** Reads `state.queryKeyValue` of the new token, appends its key and value to the cache, writes `state.mixed`. */
export function attend(network: Network, state: State, layer: LayerCache): void {
  const { width, heads, headSize, attentionScale } = network.config
  const { queryKeyValue, position } = state
  for (let head = 0; head < heads; head++) {
    turn(network, queryKeyValue, head * headSize, position)
    turn(network, queryKeyValue, width + head * headSize, position)
  }
  layer.keys.set(queryKeyValue.subarray(width, 2 * width), position * width)
  layer.values.set(queryKeyValue.subarray(2 * width, 3 * width), position * width)
  for (let head = 0; head < heads; head++) {
    const total = score(state, layer, { from: head * headSize, headSize, width, factor: attentionScale })
    mix(state, layer, { from: head * headSize, headSize, width, factor: 1 / total })
  }
}

/** Normalises one head to root mean square 1 and rotates its pairs (i, i + half) by the angles of the position. */
function turn({ config, cosines, sines }: Network, x: Float32Array, from: number, position: number): void {
  const half = config.headSize / 2
  const factor = inverseRms(x, from, config.headSize)
  const angles = position * half
  for (let i = 0; i < half; i++) {
    const a = (x[from + i] ?? 0) * factor
    const b = (x[from + half + i] ?? 0) * factor
    const cosine = cosines[angles + i] ?? 0
    const sine = sines[angles + i] ?? 0
    x[from + i] = a * cosine - b * sine
    x[from + half + i] = a * sine + b * cosine
  }
}

/** Where a head lies in the vectors, and the factor of this step. */
interface Head {
  readonly from: number
  readonly headSize: number
  readonly width: number
  readonly factor: number
}

/** Writes e^(score - greatest score) for each position and returns their sum, which is at least 1. */
function score(state: State, layer: LayerCache, head: Head): number {
  const { weights, position } = state
  const max = scoreFours(state, layer, head)
  let total = 0
  for (let t = 0; t <= position; t++) {
    const weight = exactExp((weights[t] ?? 0) - max)
    weights[t] = weight
    total += weight
  }
  return total
}

/**
 * Writes the score of each position and returns the greatest. Four positions at a time, whose sums do not wait for each other; each sum
 * keeps its own order. What is written past the last position is overwritten before it is read.
 */
function scoreFours(state: State, { keys }: LayerCache, { from, headSize, width, factor }: Head): number {
  const { queryKeyValue, weights, position } = state
  let max = Number.NEGATIVE_INFINITY
  for (let t = 0; t <= position; t += 4) {
    let a = t * width + from
    let b = a + width
    let c = b + width
    let d = c + width
    let dotA = 0
    let dotB = 0
    let dotC = 0
    let dotD = 0
    for (let i = 0; i < headSize; i++) {
      const query = queryKeyValue[from + i] ?? 0
      dotA += query * (keys[a++] ?? 0)
      dotB += query * (keys[b++] ?? 0)
      dotC += query * (keys[c++] ?? 0)
      dotD += query * (keys[d++] ?? 0)
    }
    weights[t] = dotA * factor
    weights[t + 1] = dotB * factor
    weights[t + 2] = dotC * factor
    weights[t + 3] = dotD * factor
  }
  for (let t = 0; t <= position; t++) {
    const dot = weights[t] ?? 0
    if (dot > max) max = dot
  }
  return max
}

/** Writes the weighted mean of the values into the head's part of `state.mixed`. Four positions at a time, each sum in their order. */
function mix(state: State, { values }: LayerCache, { from, headSize, width, factor }: Head): void {
  const { mixed, sums, weights, position } = state
  sums.fill(0)
  let t = 0
  for (; t + 3 <= position; t += 4) {
    const a = t * width + from
    const b = a + width
    const c = b + width
    const d = c + width
    const weightA = weights[t] ?? 0
    const weightB = weights[t + 1] ?? 0
    const weightC = weights[t + 2] ?? 0
    const weightD = weights[t + 3] ?? 0
    for (let i = 0; i < headSize; i++)
      sums[i] =
        (sums[i] ?? 0) +
        weightA * (values[a + i] ?? 0) +
        weightB * (values[b + i] ?? 0) +
        weightC * (values[c + i] ?? 0) +
        weightD * (values[d + i] ?? 0)
  }
  for (; t <= position; t++) {
    const at = t * width + from
    const weight = weights[t] ?? 0
    for (let i = 0; i < headSize; i++) sums[i] = (sums[i] ?? 0) + weight * (values[at + i] ?? 0)
  }
  for (let i = 0; i < headSize; i++) mixed[from + i] = (sums[i] ?? 0) * factor
}
