/** UEFI_VARIABLE_DATA: an EFI variable as firmware hashes it. Layout only. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

export interface EfiVariable {
  /** `<vendor GUID>/<variable>`: the GUID is part of the name, since anybody may set a variable of any name under a GUID of their own. */
  readonly name: string
  readonly data: Uint8Array
}

const GUID_SIZE = 16
const NAME = /^[ -~]{1,128}$/

/**
 * Decodes the event data of a variable; undefined where it has another shape, since firmware may measure what it wants.
 *
 * ```
 * vendor GUID 16 (mixed-endian) | n 8 | m 8 | name, n x UTF-16LE | data, m
 * ```
 */
export function decodeEfiVariable(bytes: Uint8Array): EfiVariable | undefined {
  try {
    return readEfiVariable(new Reader(bytes))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function readEfiVariable(r: Reader): EfiVariable {
  const guid = formatGuid(r.bytes('vendorGuid', GUID_SIZE))
  const nameLength = Number(r.u64le('unicodeNameLength'))
  const dataLength = Number(r.u64le('variableDataLength'))
  const letters = r.bytes('unicodeName', 2 * nameLength)
  const data = r.bytes('variableData', dataLength)
  r.end()
  const units = Array.from(
    { length: nameLength },
    (_, at) => (letters[2 * at] ?? 0) | ((letters[2 * at + 1] ?? 0) << 8),
  )
  const name = units.map((unit) => String.fromCharCode(unit)).join('')
  if (!NAME.test(name)) throw new MalformedError('PARSE_INVALID', 'the name of the variable is not printable')
  return { name: `${guid}/${name}`, data }
}

/** The first three groups are little-endian. */
function formatGuid(bytes: Uint8Array): string {
  const group = (start: number, end: number): string => encodeHex(bytes.slice(start, end))
  const reversed = (start: number, end: number): string => encodeHex(bytes.slice(start, end).reverse())
  return [reversed(0, 4), reversed(4, 6), reversed(6, 8), group(8, 10), group(10, 16)].join('-')
}
