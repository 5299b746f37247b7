/** The weights of the network, taken from tensors by name and checked against the configuration. @module */
import type { NetworkConfig } from './config.ts'
import { EngineError } from './errors.ts'
import type { Int8Matrix } from './matmul.ts'
import { createMatrix } from './matmul.ts'
import type { Tensor } from './safetensors.ts'

/** One layer: attention, then a feed-forward block, each added to the residual stream. */
export interface Layer {
  /** width -> query, key and value, in this order, `3 * width` rows. */
  readonly queryKeyValue: Int8Matrix
  readonly output: Int8Matrix
  readonly up: Int8Matrix
  readonly down: Int8Matrix
}

export interface Network {
  readonly config: NetworkConfig
  /** One row for each token; read as embedding and, transposed, as the output matrix. */
  readonly embedding: Int8Matrix
  readonly layers: readonly Layer[]
  /** Rotary positions, `contextLength * headSize / 2`: cosines and sines, computed offline so that they are data. */
  readonly cosines: Float32Array
  readonly sines: Float32Array
  /** How many weights there are, scales and position tables not counted. */
  readonly parameters: number
}

/** @throws EngineError invalid_model when a tensor is missing, too many, of another shape, or holds an impossible number */
export function createNetwork(config: NetworkConfig, tensors: ReadonlyMap<string, Tensor>): Network {
  const { width, hidden, vocabularySize, contextLength, headSize } = config
  const unused = new Set(tensors.keys())
  let parameters = 0

  const floats = (name: string, shape: readonly number[], low: number, high: number): Float32Array => {
    const tensor = tensors.get(name)
    unused.delete(name)
    if (tensor?.type !== 'F32' || !sameShape(tensor.shape, shape)) throw wrong(name, `must be F32 ${shape.join('x')}`)
    if (!tensor.values.every((x) => x >= low && x <= high)) throw wrong(name, 'holds a number out of range')
    return tensor.values
  }
  const matrix = (name: string, rows: number, columns: number): Int8Matrix => {
    const tensor = tensors.get(`${name}.weight`)
    unused.delete(`${name}.weight`)
    if (tensor?.type !== 'I8' || !sameShape(tensor.shape, [rows, columns])) {
      throw wrong(`${name}.weight`, `must be I8 ${rows}x${columns}`)
    }
    parameters += rows * columns
    return createMatrix({ rows, columns, values: tensor.values, scales: floats(`${name}.scale`, [rows], 0, 1024) })
  }

  const embedding = matrix('embedding', vocabularySize, width)
  const layers = Array.from(
    { length: config.layers },
    (_, i): Layer => ({
      queryKeyValue: matrix(`layers.${i}.attention.query_key_value`, 3 * width, width),
      output: matrix(`layers.${i}.attention.output`, width, width),
      up: matrix(`layers.${i}.feed_forward.up`, hidden, width),
      down: matrix(`layers.${i}.feed_forward.down`, width, hidden),
    }),
  )
  const cosines = floats('rotary.cosines', [contextLength, headSize / 2], -1, 1)
  const sines = floats('rotary.sines', [contextLength, headSize / 2], -1, 1)
  const [extra] = unused
  if (extra !== undefined) throw wrong(extra, 'is not a tensor of this network')
  return { config, embedding, layers, cosines, sines, parameters }
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i])
}

function wrong(name: string, what: string): EngineError {
  return new EngineError('invalid_model', `model.safetensors: ${name.slice(0, 80)} ${what}`)
}
