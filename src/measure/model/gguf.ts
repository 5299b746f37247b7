/** Describes a GGUF file. The library reads the short header that {@link readGgufFrame} went over, from memory: it can read nothing else. @module */
import { GGMLFileQuantizationType, GGMLQuantizationType, type GGUFTensorInfo, gguf } from '@huggingface/gguf'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { MeasuredFile } from '../measure-folder.ts'
import { type GgufFrame, readGgufFrame, shortHeader, stringOctets } from './gguf-frame.ts'
import { readHead, reading, unreadable } from './read-file.ts'
import { DRAFT_ARCHITECTURE, LOW_RANK_TENSOR } from './signs-of-purpose.ts'
import { type DescribedPart, type ModelDescription, type ModelPurpose, shownText } from './types.ts'

/** Some three times the largest header that is published; the library's own buffer ends at 50 MB. */
const MAX_HEADER_SIZE = 32 * 1024 * 1024
/** The library wants an address; `invalid` is never one (RFC 6761), and {@link fromMemory} asks no network. */
const ADDRESS = 'https://gguf.invalid/'
const CHAT_TEMPLATE = 'tokenizer.chat_template'

interface Header {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly tensors: readonly GGUFTensorInfo[]
}

function fromMemory(octets: Uint8Array<ArrayBuffer>): typeof fetch {
  return (_address, init) => {
    const [, first = 0, last = 0] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? []
    return Promise.resolve(new Response(octets.slice(Number(first), Number(last) + 1)))
  }
}

async function readHeader(name: string, octets: Uint8Array<ArrayBuffer>): Promise<Header> {
  try {
    const { metadata, tensorInfos } = await gguf(ADDRESS, { fetch: fromMemory(octets) })
    return { metadata: { ...metadata }, tensors: tensorInfos }
  } catch {
    // The library's words quote names of tensors, which the maker of the file chose.
    throw unreadable(name, 'its header is not GGUF')
  }
}

/** The type in which most weights are stored. What `general.file_type` says is only a word, shown where it agrees. */
function quantisationOf({ metadata, tensors }: Header): string | undefined {
  const weights = new Map<number, number>()
  for (const { dtype, shape } of tensors) {
    const held = shape.reduce((product, dimension) => product * Number(dimension), 1)
    weights.set(dtype, (weights.get(dtype) ?? 0) + held)
  }
  const [most] = [...weights].sort(([, a], [, b]) => b - a)
  if (most === undefined) return undefined
  const stored = GGMLQuantizationType[most[0]] ?? `type ${most[0]}`
  const fileType = metadata['general.file_type']
  const said = typeof fileType === 'number' ? GGMLFileQuantizationType[fileType] : undefined
  return said === stored || said?.startsWith(`${stored}_`) ? said : stored
}

/** One sign of another purpose outweighs the word `model`: an adapter that calls itself a model is still one. */
function purposeOf({ metadata, tensors }: Header): ModelPurpose {
  const type = metadata['general.type'] ?? 'model'
  const architecture = shownText(metadata['general.architecture'])
  if (type === 'adapter' || metadata['adapter.type'] !== undefined) return 'adapter'
  if (tensors.some(({ name }) => LOW_RANK_TENSOR.test(name))) return 'adapter'
  if (type === 'mmproj' || architecture === 'clip') return 'projector'
  if (architecture !== undefined && DRAFT_ARCHITECTURE.test(architecture)) return 'draft'
  return type === 'model' && architecture !== undefined && tensors.length > 0 ? 'model' : 'unknown'
}

function partOf(octets: Uint8Array | undefined): DescribedPart | undefined {
  return octets && { digest: digestUri(octets), size: octets.length }
}

function tokenizerOf({ values }: GgufFrame): DescribedPart | undefined {
  const deciding = [...values].filter(([key]) => key.startsWith('tokenizer.') && !key.startsWith(CHAT_TEMPLATE))
  if (deciding.length === 0) return undefined
  const members = Object.fromEntries(deciding.map(([key, octets]) => [key, digestUri(octets)]))
  const size = deciding.reduce((sum, [, octets]) => sum + octets.length, 0)
  return { digest: digestUri(encodeJcs(members)), size }
}

interface ReadFile extends Header {
  readonly frame: GgufFrame
}

async function readGguf(directory: string, file: MeasuredFile): Promise<ReadFile> {
  const head = await readHead(directory, file, MAX_HEADER_SIZE)
  const frame = reading(file.name, () => readGgufFrame(head))
  return { ...(await readHeader(file.name, shortHeader(frame))), frame }
}

/**
 * @param parts of one model in their order; the first holds the metadata
 * @throws CountersignError ERR_CONFIG for a file that is no GGUF, ERR_STATE for one that was changed
 */
export async function describeGguf(
  directory: string,
  [first, ...others]: readonly [MeasuredFile, ...MeasuredFile[]],
): Promise<ModelDescription> {
  const { frame, metadata, tensors } = await readGguf(directory, first)
  const all = [...tensors]
  for (const part of others) for (const tensor of (await readGguf(directory, part)).tensors) all.push(tensor)
  const header: Header = { metadata, tensors: all }
  const name = shownText(metadata['general.name'])
  const architecture = shownText(metadata['general.architecture'])
  const quantisation = quantisationOf(header)
  const chatTemplate = partOf(stringOctets(frame.values.get(CHAT_TEMPLATE)))
  const tokenizer = tokenizerOf(frame)
  return {
    format: 'gguf',
    ...(name === undefined ? {} : { name }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(quantisation === undefined ? {} : { quantisation }),
    purpose: purposeOf(header),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
  }
}
