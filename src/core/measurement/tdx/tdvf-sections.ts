/** The sections of TDVF: which are refused, because two loaders would measure them differently or not at all. @module */
import { atOffset } from '../ovmf/footer.ts'
import { firmwareFault } from './faults.ts'

/** Firmware volume, its variables, the hand-off block, memory that the firmware needs before it can accept any. */
export type SectionType = 'BFV' | 'CFV' | 'TD_HOB' | 'TEMP_MEM'

export interface TdvfSection {
  readonly type: SectionType
  /** Of its line in the metadata, from the start of the file. */
  readonly at: number
  readonly dataOffset: number
  readonly rawSize: number
  /** Guest physical. */
  readonly address: number
  readonly memorySize: number
  /** MR.EXTEND: MRTD covers the contents, not only that there are pages. */
  readonly extended: boolean
}

export interface RawSection {
  readonly at: number
  readonly dataOffset: number
  readonly rawSize: number
  readonly address: bigint
  readonly memorySize: bigint
  readonly type: number
  readonly attributes: number
}

const TYPES: readonly SectionType[] = ['BFV', 'CFV', 'TD_HOB', 'TEMP_MEM']
const MR_EXTEND = 1
const PAGE_AUG = 2
export const PAGE_SIZE = 4096
const FOUR_GIB = 2n ** 32n

/** @throws MalformedError OVMF_FORMAT */
export function checkSections(raw: readonly RawSection[], fileSize: number): readonly TdvfSection[] {
  const sections = raw.map((section) => checkSection(section, fileSize))
  checkOverlaps(sections)
  // A loader would start it all the same, and MRTD would say nothing of the code that runs.
  const bare = sections.find(({ type, extended }) => type === 'BFV' && !extended)
  if (bare !== undefined)
    throw firmwareFault(`the firmware volume of the section at ${atOffset(bare.at)} is not measured`)
  if (!sections.some(({ type }) => type === 'BFV'))
    throw firmwareFault('the TDX metadata have no firmware volume (BFV)')
  if (!sections.some(({ type, address, memorySize }) => type === 'BFV' && BigInt(address + memorySize) === FOUR_GIB))
    throw firmwareFault('no measured firmware volume ends at 0x100000000, where the first instruction is')
  return sections
}

function checkSection(raw: RawSection, fileSize: number): TdvfSection {
  const { at, dataOffset, rawSize, address, memorySize, attributes } = raw
  const refuse = (what: string): Error => firmwareFault(`the section at ${atOffset(at)} ${what}`)
  const type = TYPES[raw.type]
  // QEMU knows no others, and ends.
  if (type === undefined) throw refuse(`is of type ${raw.type}, which QEMU does not load`)
  if ((attributes & ~(MR_EXTEND | PAGE_AUG)) !== 0)
    throw refuse(`has unknown attributes, 0x${(attributes >>> 0).toString(16)}`)
  if (address % BigInt(PAGE_SIZE) !== 0n) throw refuse(`has the address 0x${address.toString(16)}, which is no page's`)
  if (memorySize === 0n || memorySize % BigInt(PAGE_SIZE) !== 0n)
    throw refuse(`takes ${memorySize} octets, not whole pages`)
  if (address + memorySize > FOUR_GIB) throw refuse(`ends at 0x${(address + memorySize).toString(16)}, above 4 GiB`)
  if (BigInt(rawSize) > memorySize) throw refuse(`has ${rawSize} octets for ${memorySize} octets of memory`)
  if (dataOffset + rawSize > fileSize)
    throw refuse(
      `takes the file's octets to ${atOffset(dataOffset + rawSize)}, and the file ends at ${atOffset(fileSize)}`,
    )
  const extended = (attributes & MR_EXTEND) !== 0
  // QEMU adds them at launch all the same, others do not: one file would have two MRTDs.
  if ((attributes & PAGE_AUG) !== 0) throw refuse('wants its pages later (PAGE.AUG), which QEMU does not do')
  const loaded = type === 'BFV' || type === 'CFV'
  if (loaded !== rawSize > 0) throw refuse(`of type ${type} has ${rawSize} octets in the file`)
  // Loaders differ in what follows the file's octets in the last page.
  if (extended && BigInt(rawSize) !== memorySize)
    throw refuse(`is measured, and has ${rawSize} octets for ${memorySize} octets of memory`)
  return { type, at, dataOffset, rawSize, address: Number(address), memorySize: Number(memorySize), extended }
}

/** Of two that share a page the one that is loaded later would count, and both would be measured. */
function checkOverlaps(sections: readonly TdvfSection[]): void {
  const sorted = [...sections].sort((a, b) => a.address - b.address)
  sorted.forEach((section, i) => {
    const before = sorted[i - 1]
    if (before !== undefined && before.address + before.memorySize > section.address)
      throw firmwareFault(
        `the sections at ${atOffset(before.at)} and ${atOffset(section.at)} share the address 0x${section.address.toString(16)}`,
      )
  })
}
