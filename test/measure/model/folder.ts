/** Writes small files in the real formats of models, and measures the folder they lie in. @module */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { measureFolder } from '../../../src/measure/index.ts'
import type { ModelDescription } from '../../../src/measure/model/index.ts'
import { describeModel } from '../../../src/measure/model/index.ts'

type Contents = Readonly<Record<string, Uint8Array | string>>

/** A folder that is removed with the test. */
export async function folderOf(contents: Contents): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-model-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  for (const [name, octets] of Object.entries(contents)) await writeFile(join(directory, name), octets)
  return directory
}

export async function describeFolder(contents: Contents): Promise<ModelDescription> {
  const directory = await folderOf(contents)
  return await describeModel(directory, (await measureFolder(directory)).files)
}

/** A value of GGUF's metadata: its type's number, and its octets. */
export type GgufValue = readonly [type: number, octets: Uint8Array]

function u32(value: number): Uint8Array {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value)
  return octets
}

function u64(value: number | bigint): Uint8Array {
  const octets = Buffer.alloc(8)
  octets.writeBigUInt64LE(BigInt(value))
  return octets
}

function ggufString(text: string | Uint8Array): Uint8Array {
  const octets = Buffer.from(text)
  return Buffer.concat([u64(octets.length), octets])
}

export const text = (value: string | Uint8Array): GgufValue => [8, ggufString(value)]
export const number = (value: number): GgufValue => [4, u32(value)]
export const texts = (...values: readonly (string | Uint8Array)[]): GgufValue => [
  9,
  Buffer.concat([u32(8), u64(values.length), ...values.map(ggufString)]),
]
export const octets = (...values: readonly number[]): GgufValue => [
  9,
  Buffer.concat([u32(0), u64(values.length), Uint8Array.from(values)]),
]

export interface GgufTensor {
  readonly name: string
  readonly shape: readonly (number | bigint)[]
  readonly type: number
}

export interface GgufFile {
  readonly values?: readonly (readonly [key: string, value: GgufValue])[]
  readonly tensors?: readonly GgufTensor[]
  readonly version?: number
  /** Where a count differs from what follows. */
  readonly valueCount?: number | bigint
  readonly tensorCount?: number | bigint
}

export function gguf({ values = [], tensors = [], version = 3, valueCount, tensorCount }: GgufFile): Uint8Array {
  return Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensorCount ?? tensors.length),
    u64(valueCount ?? values.length),
    ...values.map(([key, [type, value]]) => Buffer.concat([ggufString(key), u32(type), value])),
    ...tensors.map(({ name, shape, type }) =>
      Buffer.concat([ggufString(name), u32(shape.length), ...shape.map(u64), u32(type), u64(0)]),
    ),
    Buffer.alloc(64),
  ])
}

interface Stored {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly number[]
}

/** With a header that may be wrong in any way; `dataSize` octets follow it. */
export function safetensorsOf(header: string, dataSize: number): Uint8Array {
  return Buffer.concat([u64(Buffer.byteLength(header)), Buffer.from(header), Buffer.alloc(dataSize)])
}

/** Each tensor with its type and its size in octets. */
export function safetensors(...tensors: readonly (readonly [name: string, dtype: string, size: number])[]): Uint8Array {
  let at = 0
  const header: Record<string, Stored> = {}
  for (const [name, dtype, size] of tensors) {
    header[name] = { dtype, shape: [size], data_offsets: [at, at + size] }
    at += size
  }
  return safetensorsOf(JSON.stringify(header), at)
}
