/** The header of a safetensors file: u64le length | JSON | data. Strict: the tensors cover the data without gap or overlap. @module */
import { decodeJson, isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { ObjectReader, type ShapeCodes } from '../../core/encoding/shape.ts'
import { MalformedError } from '../../errors.ts'

export interface StoredTensor {
  readonly name: string
  readonly type: string
  /** In octets. */
  readonly size: number
}

/** Of the header. The format allows 100 MB; files are divided long before. */
export const MAX_HEADER_SIZE: number = 16 * 1024 * 1024

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }

interface Slot extends StoredTensor {
  readonly begin: number
}

function isOffset(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function decodeSlot(name: string, value: JsonValue): Slot {
  const reader = new ObjectReader(value, 'tensor', CODES)
  const type = reader.string('dtype', /^[A-Z][A-Z0-9_]{1,15}$/)
  reader.array('shape')
  const [begin, end, more] = reader.array('data_offsets')
  reader.end()
  if (!isOffset(begin) || !isOffset(end) || more !== undefined || end < begin)
    throw new MalformedError('PARSE_INVALID', 'a tensor has no two offsets in order')
  return { name, type, begin, size: end - begin }
}

/**
 * @param head of a file of `fileSize` octets, at least its header
 * @throws MalformedError PARSE_*, JSON_*, UTF8_INVALID
 */
export function decodeSafetensorsHeader(head: Uint8Array, fileSize: number): readonly StoredTensor[] {
  const reader = new Reader(head)
  const length = reader.u64le('length')
  if (length > BigInt(MAX_HEADER_SIZE)) throw new MalformedError('PARSE_INVALID', `its header has ${length} octets`)
  const header = decodeJson(reader.view('header', Number(length)), { maxSize: MAX_HEADER_SIZE })
  if (!isJsonObject(header)) throw new MalformedError('PARSE_INVALID', 'its header is not an object')
  const slots = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => decodeSlot(name, value))
  let covered = 0
  for (const { begin, size } of [...slots].sort((a, b) => a.begin - b.begin || a.size - b.size)) {
    if (begin !== covered) throw new MalformedError('PARSE_INVALID', 'its tensors leave a gap or overlap')
    covered += size
  }
  if (reader.offset + covered !== fileSize) throw new MalformedError('PARSE_INVALID', 'its tensors are not its data')
  return slots
}
