/** The checked-in files are the ones that were released, and files that are not a model are refused. @module */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelFiles } from '../../src/engine/index.ts'
import { createModel, EngineError } from '../../src/engine/index.ts'
import { model, modelFiles, readModelFile } from './embedded-model.ts'
import frozen from './frozen.json' with { type: 'json' }

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const config: Record<string, unknown> = JSON.parse(text(modelFiles.config))
const headerSize = new DataView(modelFiles.weights.buffer, modelFiles.weights.byteOffset).getUint32(0, true)
const header = text(modelFiles.weights.subarray(8, 8 + headerSize))

/** The weights with another header; the data stays. */
function withHeader(changed: string): Uint8Array {
  const head = new TextEncoder().encode(changed)
  const file = new Uint8Array(8 + head.length + modelFiles.weights.length - 8 - headerSize)
  new DataView(file.buffer).setUint32(0, head.length, true)
  file.set(head, 8)
  file.set(modelFiles.weights.subarray(8 + headerSize), 8 + head.length)
  return file
}

function withByte(at: number, value: number): Uint8Array {
  const file = modelFiles.weights.slice()
  file[at] = value
  return file
}

describe('model files', () => {
  it('are the released ones, and the model card says so', () => {
    const digest = `sha256:${createHash('sha256').update(modelFiles.weights).digest('hex')}`
    expect(digest).toBe(frozen.weights)
    expect(text(readModelFile('README.md'))).toContain(digest)
  })

  it('say what they hold', () => {
    expect(model).toMatchObject({ name: 'countersign-demo-2m', contextLength: 1024, vocabularySize: 1024 })
    expect(model.parameters).toBe(1966080)
  })

  const longHeader = header.replace('"embedding.weight"', '"embedding.weights"')
  it.each<[string, Partial<ModelFiles>]>([
    ['no config', { config: new Uint8Array(0) }],
    ['another activation', { config: bytes({ ...config, hidden_act: 'gelu' }) }],
    ['another model type', { config: bytes({ ...config, model_type: 'llama' }) }],
    ['a width that the weights do not have', { config: bytes({ ...config, hidden_size: 384 }) }],
    ['an impossible size', { config: bytes({ ...config, num_hidden_layers: 0 }) }],
    ['a fractional size', { config: bytes({ ...config, num_hidden_layers: 3.5 }) }],
    ['a huge size', { config: bytes({ ...config, max_position_embeddings: 1e9 }) }],
    ['no weights', { weights: new Uint8Array(0) }],
    ['weights cut off', { weights: modelFiles.weights.subarray(0, -1) }],
    ['weights with a tail', { weights: Uint8Array.from([...modelFiles.weights, 0]) }],
    ['a header longer than the file', { weights: withByte(2, 0xff) }],
    ['a header of 2^56 bytes', { weights: withByte(7, 1) }],
    ['a header that is not JSON', { weights: withByte(8, 0x5b) }],
    ['a tensor of another name', { weights: withHeader(longHeader) }],
    ['a tensor of another type', { weights: withHeader(header.replace('"dtype":"I8"', '"dtype":"U8"')) }],
    ['a tensor of another shape', { weights: withHeader(header.replace('[1024,192]', '[192,1024]')) }],
    ['a shape that does not fit its bytes', { weights: withHeader(header.replace('[1024,192]', '[1024,193]')) }],
    ['overlapping tensors', { weights: withHeader(header.replace('[0,196608]', '[1,196609]')) }],
    ['no tokenizer', { tokenizer: new Uint8Array(0) }],
    ['a tokenizer of another size', { config: bytes({ ...config, vocab_size: 2048 }) }],
    [
      'a tokenizer with another pattern',
      { tokenizer: new TextEncoder().encode(text(modelFiles.tokenizer).replace('A-Za-z', 'A-Z')) },
    ],
    [
      'a tokenizer without a byte',
      { tokenizer: new TextEncoder().encode(text(modelFiles.tokenizer).replace('"!":5', '"!!":5')) },
    ],
    [
      'a tokenizer with an id twice',
      { tokenizer: new TextEncoder().encode(text(modelFiles.tokenizer).replace('"!":5', '"!":6')) },
    ],
  ])('are refused: %s', (_, files) => {
    expect(() => createModel({ ...modelFiles, ...files })).toThrow(expect.objectContaining({ code: 'invalid_model' }))
  })

  it('with any one byte changed are read or refused, never anything else', () => {
    const file = fc.constantFrom('config' as const, 'tokenizer' as const, 'weights' as const)
    fc.assert(
      fc.property(file, fc.nat(), fc.integer({ min: 0, max: 255 }), (name, at, value) => {
        const changed = modelFiles[name].slice()
        changed[at % (name === 'weights' ? 8 + headerSize : changed.length)] = value
        try {
          createModel({ ...modelFiles, [name]: changed })
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('are refused when a scale is not a number', () => {
    const { rows, columns } = model.network.embedding
    const scale = 8 + headerSize + rows * columns
    expect(() => createModel({ ...modelFiles, weights: withByte(scale + 3, 0x7f) })).toThrow(/embedding\.scale/)
  })

  it('may lie anywhere in a larger buffer', () => {
    const buffer = new Uint8Array(modelFiles.weights.length + 3)
    buffer.set(modelFiles.weights, 3)
    expect(createModel({ ...modelFiles, weights: buffer.subarray(3) }).parameters).toBe(model.parameters)
  })
})
