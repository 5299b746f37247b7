/** One step of the network: a token goes in, the numbers for the next token come out. The heart of the engine. @module */
import { attend } from './attention.ts'
import { multiply, quantise } from './matmul.ts'
import type { Layer, Network } from './network.ts'
import { normalise } from './norm.ts'
import type { LayerCache, State } from './state.ts'
import { growState } from './state.ts'

/**
 * Feeds one token at `state.position` and moves on. The caller keeps the position below the context length.
 * All intermediate vectors are rounded to binary32 when they are stored, everything else is binary64 or int32.
 */
export function feedToken(network: Network, state: State, token: number): void {
  growState(state, network.config)
  embed(network, state, token)
  for (let i = 0; i < network.layers.length; i++) {
    const layer = network.layers[i]
    const cache = state.cache[i]
    if (layer !== undefined && cache !== undefined) runLayer(network, state, layer, cache)
  }
  state.position += 1
}

/** Writes `state.logits` for the token that follows the last one that was fed. */
export function computeLogits({ embedding }: Network, state: State): void {
  normalise(state.residual, state.normed)
  multiply(embedding, state.rounded, quantise(state.normed, state.rounded), state.logits)
}

// The norm follows at once, so the row's scale would cancel out but for epsilon; it is kept so that both sides agree.
function embed({ embedding }: Network, state: State, token: number): void {
  const { residual } = state
  const scale = embedding.scales[token] ?? 0
  const row = token * embedding.columns
  for (let i = 0; i < residual.length; i++) residual[i] = (embedding.values[row + i] ?? 0) * scale
  normalise(residual, residual)
}

function runLayer(network: Network, state: State, layer: Layer, cache: LayerCache): void {
  const { residual, normed, queryKeyValue, mixed, inner, projected, rounded } = state
  normalise(residual, normed)
  multiply(layer.queryKeyValue, rounded, quantise(normed, rounded), queryKeyValue)
  attend(network, state, cache)
  multiply(layer.output, rounded, quantise(mixed, rounded), projected)
  add(residual, projected)
  normalise(residual, normed)
  multiply(layer.up, rounded, quantise(normed, rounded), inner)
  squaredRelu(inner)
  multiply(layer.down, rounded, quantise(inner, rounded), projected)
  add(residual, projected)
}

function add(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] ?? 0) + (y[i] ?? 0)
}

function squaredRelu(x: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i] ?? 0
    x[i] = value > 0 ? value * value : 0
  }
}
