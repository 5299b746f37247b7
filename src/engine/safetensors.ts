/**
 * Reads the safetensors format: u64le length of the header | header, JSON | data. Only I8 and F32 are known.
 * Strict: the tensors cover the data without gap or overlap, in the order of their names in the header. @module
 */
import type { JsonValue } from '../core/encoding/json.ts'
import { isJsonObject } from '../core/encoding/json.ts'
import { readObject } from './config.ts'
import { EngineError } from './errors.ts'

/** One tensor; its numbers are a copy, row-major. */
export type Tensor =
  | { readonly type: 'I8'; readonly shape: readonly number[]; readonly values: Int8Array }
  | { readonly type: 'F32'; readonly shape: readonly number[]; readonly values: Float32Array }

interface Slot {
  readonly type: 'I8' | 'F32'
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

const MAX_HEADER_BYTES = 256 * 1024
const MAX_FILE_BYTES = 256 * 1024 * 1024

/** @throws EngineError invalid_model */
export function decodeSafetensors(bytes: Uint8Array): ReadonlyMap<string, Tensor> {
  if (bytes.length < 8 || bytes.length > MAX_FILE_BYTES) throw broken('the file is empty or too large')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = view.getUint32(0, true)
  if (view.getUint32(4, true) !== 0 || size > MAX_HEADER_BYTES || 8 + size > bytes.length) {
    throw broken('the header is too large or cut off')
  }
  const header = readObject(bytes.subarray(8, 8 + size), MAX_HEADER_BYTES, 'model.safetensors: header')
  const start = 8 + size
  const tensors = new Map<string, Tensor>()
  let covered = 0
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const slot = decodeSlot(name, value)
    if (slot.begin !== covered || start + slot.end > bytes.length) throw broken(`${name} leaves a gap or the file`)
    covered = slot.end
    tensors.set(name, readTensor(slot, view, start))
  }
  if (start + covered !== bytes.length) throw broken('there are bytes after the last tensor')
  return tensors
}

function decodeSlot(name: string, value: JsonValue): Slot {
  if (!isJsonObject(value)) throw broken(`${name} is not an object`)
  const type = value['dtype']
  if (type !== 'I8' && type !== 'F32') throw broken(`${name} has a type other than I8 and F32`)
  const shape = integers(value['shape'])
  const offsets = integers(value['data_offsets'])
  const [begin, end] = offsets ?? []
  if (shape === undefined || offsets?.length !== 2 || begin === undefined || end === undefined) {
    throw broken(`${name} has no shape or no two offsets`)
  }
  let size = type === 'I8' ? 1 : 4
  for (const dimension of shape) size *= dimension
  // Also refuses products above 2^53, which would have been rounded: they are far beyond the file.
  if (end - begin !== size) throw broken(`${name} has offsets that do not fit its shape`)
  return { type, shape, begin, end }
}

function readTensor({ type, shape, begin, end }: Slot, view: DataView, start: number): Tensor {
  if (type === 'I8') {
    return { type, shape, values: new Int8Array(view.buffer, view.byteOffset + start + begin, end - begin).slice() }
  }
  const values = new Float32Array((end - begin) / 4)
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(start + begin + 4 * i, true)
  return { type, shape, values }
}

function integers(value: JsonValue | undefined): readonly number[] | undefined {
  if (typeof value !== 'object' || value === null || isJsonObject(value) || value.length > 8) return undefined
  const numbers: number[] = []
  for (const item of value) {
    if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0) return undefined
    numbers.push(item)
  }
  return numbers
}

function broken(what: string): EngineError {
  return new EngineError('invalid_model', `model.safetensors: ${what}`)
}
