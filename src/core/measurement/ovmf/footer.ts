/**
 * The table at the end of OVMF, by which the firmware tells a loader where its parts are. It is read backwards:
 *
 *   … | data, size u16, GUID | data, size u16, GUID | size of the table u16, GUID of the table | 32 octets | end of the file
 *
 * A size covers the whole entry, the table's covers all of them and itself. Whoever gives the file controls every octet, so each size is held
 * against what is left, and the entries fill the table exactly: what one reader skips and another reads would be two firmwares in one file.
 * @module
 */
import { MalformedError } from '../../../errors.ts'
import { decodeGuid, GUID_SIZE } from './guid.ts'

/** An entry's data. */
export interface OvmfTableEntry {
  /** Of the data, from the start of the file. */
  readonly offset: number
  /** A view into the firmware, not a copy. */
  readonly content: Uint8Array
}

const TABLE_GUID = '96b582de-1fb2-45f7-baea-a366c55a082d'
/** Behind the table: the reset vector. */
const TAIL_SIZE = 32
const HEADER_SIZE = 2 + GUID_SIZE
/** Above any firmware: QEMU maps at most 16 MiB unless told. */
const MAX_FIRMWARE_SIZE = 64 * 1024 * 1024

function refused(what: string): MalformedError {
  return new MalformedError('OVMF_FORMAT', what)
}

/** As texts name offsets. */
export function atOffset(offset: number): string {
  return `0x${offset.toString(16)}`
}

/** Size and GUID of the entry that ends at `end`. The caller has seen that they are in the file. */
function headerBefore(firmware: Uint8Array, end: number): { readonly size: number; readonly guid: string } {
  const start = end - HEADER_SIZE
  const view = new DataView(firmware.buffer, firmware.byteOffset, firmware.byteLength)
  return { size: view.getUint16(start, true), guid: decodeGuid(firmware.subarray(start + 2, end)) }
}

function tableStart(firmware: Uint8Array, end: number): number {
  const { size, guid } = headerBefore(firmware, end)
  if (guid !== TABLE_GUID)
    throw refused(`no table at ${atOffset(end - GUID_SIZE)}: its GUID is not there, so the file is cut or is no OVMF`)
  if (size < HEADER_SIZE || size > end)
    throw refused(`the table that ends at ${atOffset(end)} has an impossible size, ${size}`)
  return end - size
}

/**
 * The entries of the table, by GUID in lower case.
 * @throws MalformedError OVMF_FORMAT
 */
export function readOvmfTable(firmware: Uint8Array): ReadonlyMap<string, OvmfTableEntry> {
  if (firmware.length > MAX_FIRMWARE_SIZE)
    throw refused(`the firmware has ${firmware.length} octets, more than ${MAX_FIRMWARE_SIZE}`)
  const tableEnd = firmware.length - TAIL_SIZE
  if (tableEnd < HEADER_SIZE) throw refused(`the firmware ends at ${atOffset(firmware.length)}, before its table`)
  const start = tableStart(firmware, tableEnd)
  const entries = new Map<string, OvmfTableEntry>()
  // Each turn takes at least a header away, so that it ends.
  for (let end = tableEnd - HEADER_SIZE; end > start; ) {
    if (end - start < HEADER_SIZE)
      throw refused(`${end - start} octets at ${atOffset(start)} are too few for an entry of the table`)
    const { size, guid } = headerBefore(firmware, end)
    if (size < HEADER_SIZE || size > end - start)
      throw refused(`the entry ${guid} that ends at ${atOffset(end)} has an impossible size, ${size}`)
    // Readers differ in which of two they take.
    if (entries.has(guid)) throw refused(`the entry ${guid} that ends at ${atOffset(end)} is there twice`)
    const offset = end - size
    entries.set(guid, { offset, content: firmware.subarray(offset, end - HEADER_SIZE) })
    end = offset
  }
  return entries
}
