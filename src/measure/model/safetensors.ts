/** Describes a folder of safetensors files and the configuration beside them. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { MeasuredFile } from '../measure-folder.ts'
import { type FolderJson, isFolderJson, readFolderJson } from './folder-json.ts'
import { readHead, reading, unreadable } from './read-file.ts'
import { decodeSafetensorsHeader, MAX_HEADER_SIZE, type StoredTensor } from './safetensors-header.ts'
import { DRAFT_ARCHITECTURE, LOW_RANK_TENSOR, PROJECTOR_TENSOR } from './signs-of-purpose.ts'
import { type DescribedPart, type ModelDescription, type ModelPurpose, shownText } from './types.ts'

/** In all files together: the largest models have some hundred thousand. */
const MAX_TENSORS = 1_000_000
const LENGTH_SIZE = 8

async function readTensors(directory: string, files: readonly MeasuredFile[]): Promise<readonly StoredTensor[]> {
  const tensors: StoredTensor[] = []
  for (const file of files) {
    const length = new DataView((await readHead(directory, file, LENGTH_SIZE)).slice().buffer)
    if (length.byteLength < LENGTH_SIZE) throw unreadable(file.name, 'it is too short')
    const headerSize = Math.min(Number(length.getBigUint64(0, true)), MAX_HEADER_SIZE)
    const head = await readHead(directory, file, LENGTH_SIZE + headerSize)
    for (const tensor of reading(file.name, () => decodeSafetensorsHeader(head, file.size))) tensors.push(tensor)
    if (tensors.length > MAX_TENSORS) throw unreadable(file.name, `there are more than ${MAX_TENSORS} tensors`)
  }
  return tensors
}

/** The type of most octets. */
function storedType(tensors: readonly StoredTensor[]): string | undefined {
  const sizes = new Map<string, number>()
  for (const { type, size } of tensors) sizes.set(type, (sizes.get(type) ?? 0) + size)
  return [...sizes].sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** What the configuration calls its method, with the bits where it gives them; else how most octets are stored. */
function quantisationOf(config: FolderJson, tensors: readonly StoredTensor[]): string | undefined {
  const quantisation = config['quantization_config']
  if (!isFolderJson(quantisation)) return storedType(tensors)
  const method = shownText(quantisation['quant_method']) ?? 'unnamed method'
  const bits = quantisation['bits'] ?? (quantisation['load_in_4bit'] === true ? 4 : undefined)
  return typeof bits === 'number' ? `${method} ${bits} bit` : method
}

function architecturesOf(config: FolderJson): readonly string[] {
  const classes: readonly unknown[] = Array.isArray(config['architectures']) ? config['architectures'] : []
  return [...classes, config['model_type']].flatMap((value) => shownText(value) ?? [])
}

function purposeOf(config: FolderJson, tensors: readonly StoredTensor[], isAdapter: boolean): ModelPurpose {
  if (isAdapter || tensors.some(({ name }) => LOW_RANK_TENSOR.test(name))) return 'adapter'
  const architectures = architecturesOf(config)
  const isSpeculator = 'speculators_config' in config || 'speculators_model_type' in config
  if (isSpeculator || architectures.some((name) => DRAFT_ARCHITECTURE.test(name))) return 'draft'
  if (tensors.length > 0 && tensors.every(({ name }) => PROJECTOR_TENSOR.test(name))) return 'projector'
  return architectures.length > 0 && tensors.length > 0 ? 'model' : 'unknown'
}

/** As loaders choose: the file of its own before the text in the configuration. */
function chatTemplateOf(file: MeasuredFile | undefined, config: FolderJson): DescribedPart | undefined {
  if (file !== undefined) return { digest: file.digest, size: file.size }
  const text = config['chat_template']
  if (typeof text !== 'string') return undefined
  const octets = reading('tokenizer_config.json', () => encodeUtf8(text))
  return { digest: digestUri(octets), size: octets.length }
}

/** @throws CountersignError ERR_CONFIG for files that are not what their names say, ERR_STATE for files that were changed */
export async function describeSafetensors(
  directory: string,
  weights: readonly MeasuredFile[],
  files: readonly MeasuredFile[],
): Promise<ModelDescription> {
  const fileOf = (name: string): MeasuredFile | undefined => files.find((file) => file.name === name)
  const config = await readFolderJson(directory, fileOf('config.json'))
  const adapter = await readFolderJson(directory, fileOf('adapter_config.json'))
  const tokens = await readFolderJson(directory, fileOf('tokenizer_config.json'))
  const tensors = await readTensors(directory, weights)
  const name = shownText(config['_name_or_path']) ?? shownText(config['name'])
  const architecture = architecturesOf(config)[0] ?? shownText(adapter['peft_type'])
  const quantisation = quantisationOf(config, tensors)
  const chatTemplate = chatTemplateOf(fileOf('chat_template.jinja'), tokens)
  const tokenizer = fileOf('tokenizer.json') ?? fileOf('tokenizer.model')
  return {
    format: 'safetensors',
    ...(name === undefined ? {} : { name }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(quantisation === undefined ? {} : { quantisation }),
    purpose: purposeOf(config, tensors, fileOf('adapter_config.json') !== undefined),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(tokenizer === undefined ? {} : { tokenizer: { digest: tokenizer.digest, size: tokenizer.size } }),
  }
}
