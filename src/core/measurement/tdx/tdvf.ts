/**
 * What TDVF, OVMF made for TDX, tells the loader: which parts of the file go where, and which of them MRTD covers (TDVF design guide,
 * section 11).
 *
 *   entry e47a6535-…: u32, distance of the descriptor from the end of the file
 *   descriptor: "TDVF" | length u32 | version u32 = 1 | n u32 | n sections
 *   section:    offset in the file u32 | octets in the file u32 | address u64 | octets in memory u64 | type u32 | attributes u32
 *
 * Whoever gives the file controls every octet. A section that one loader skips and another takes would give one file two measurements.
 * @module
 */
import { Reader } from '../../encoding/reader.ts'
import { atOffset, readOvmfTable } from '../ovmf/footer.ts'
import { firmwareFault } from './faults.ts'
import { checkSections, type TdvfSection } from './tdvf-sections.ts'

export type { SectionType, TdvfSection } from './tdvf-sections.ts'

export interface Tdvf {
  /** In the order of the table, which is the order in which MRTD takes them. */
  readonly sections: readonly TdvfSection[]
  readonly hob: TdvfSection
  /** The variables with which the firmware starts; it measures them itself. */
  readonly variables: TdvfSection
}

const METADATA_GUID = 'e47a6535-984a-4798-865e-4685a7bf8ec2'
const POINTER_SIZE = 4
const SIGNATURE = 0x46564454
const HEADER_SIZE = 16
const SECTION_SIZE = 32
/** Genuine firmware has six. */
const MAX_SECTIONS = 64

/** Where the descriptor begins. */
function descriptorOffset(firmware: Uint8Array): number {
  const entry = readOvmfTable(firmware).get(METADATA_GUID)
  if (entry === undefined)
    throw firmwareFault(`the table has no entry ${METADATA_GUID}: the firmware is not made for TDX`)
  if (entry.content.length !== POINTER_SIZE)
    throw firmwareFault(
      `the entry for TDX at ${atOffset(entry.offset)} has ${entry.content.length} octets, not ${POINTER_SIZE}`,
    )
  const distance = new Reader(entry.content).u32le('distance')
  if (distance < HEADER_SIZE || distance > firmware.length)
    throw firmwareFault(
      `the entry for TDX at ${atOffset(entry.offset)} points outside of the file, ${distance} octets from its end`,
    )
  return firmware.length - distance
}

function readCount(r: Reader, start: number): number {
  if (r.u32le('signature') !== SIGNATURE) throw firmwareFault(`no "TDVF" at ${atOffset(start)}`)
  const length = r.u32le('length')
  const version = r.u32le('version')
  if (version !== 1) throw firmwareFault(`the TDX metadata at ${atOffset(start)} are of version ${version}, not 1`)
  const count = r.u32le('count')
  if (count === 0 || count > MAX_SECTIONS)
    throw firmwareFault(`the TDX metadata at ${atOffset(start)} have ${count} sections, 1 to ${MAX_SECTIONS} are due`)
  if (length !== HEADER_SIZE + SECTION_SIZE * count)
    throw firmwareFault(`the TDX metadata at ${atOffset(start)} have ${count} sections, but a length of ${length}`)
  if (SECTION_SIZE * count > r.remaining)
    throw firmwareFault(`the TDX metadata at ${atOffset(start)} have ${count} sections, and the file ends before them`)
  return count
}

/** @throws MalformedError OVMF_FORMAT */
export function readTdvf(firmware: Uint8Array): Tdvf {
  const start = descriptorOffset(firmware)
  const r = new Reader(firmware.subarray(start))
  const count = readCount(r, start)
  const raw = Array.from({ length: count }, () => ({
    at: start + r.offset,
    dataOffset: r.u32le('dataOffset'),
    rawSize: r.u32le('rawSize'),
    address: r.u64le('address'),
    memorySize: r.u64le('memorySize'),
    type: r.u32le('type'),
    attributes: r.u32le('attributes'),
  }))
  const sections = checkSections(raw, firmware.length)
  return { sections, hob: onlyOne(sections, 'TD_HOB', start), variables: onlyOne(sections, 'CFV', start) }
}

/** Two would be a choice. */
function onlyOne(sections: readonly TdvfSection[], type: 'TD_HOB' | 'CFV', start: number): TdvfSection {
  const [first, ...more] = sections.filter((section) => section.type === type)
  if (first === undefined || more.length > 0)
    throw firmwareFault(
      `the TDX metadata at ${atOffset(start)} have ${more.length === 0 ? 'no' : 'more than one'} section ${type}`,
    )
  return first
}
