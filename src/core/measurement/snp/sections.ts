/**
 * SEV metadata of OVMF: ranges of the guest's memory that the host has to give to the secure processor besides the firmware itself.
 *
 *   "ASEV", size u32, version u32 = 1, number u32; then for each section GPA u32, size u32, type u32
 *
 * The table at the end of the file says where it begins, in octets before the end of the file. All of it is the file's maker's, so sizes,
 * ranges and types are judged before a page is counted.
 * @module
 */
import { MalformedError } from '../../../errors.ts'
import { sameBytes } from '../../encoding/bytes.ts'
import { Reader } from '../../encoding/reader.ts'
import { encodeUtf8 } from '../../encoding/utf8.ts'
import { atOffset, type OvmfTableEntry } from '../ovmf/footer.ts'
import { PAGE_SIZE } from './launch-digest.ts'

export type SectionKind = 'memory' | 'secrets' | 'cpuid' | 'svsm-caa' | 'kernel-hashes'

export interface Section {
  readonly kind: SectionKind
  readonly gpa: number
  readonly size: number
  /** Of its description, in the file. */
  readonly offset: number
}

const METADATA_GUID = 'dc886566-984a-4798-a75e-5585a7bf67cc'
const SIGNATURE = encodeUtf8('ASEV')
const HEADER_SIZE = 16
const SECTION_SIZE = 12
const VERSION = 1
/** Firmware has about ten. */
const MAX_SECTIONS = 64
const FOUR_GIB = 0x1_0000_0000
const KINDS: ReadonlyMap<number, SectionKind> = new Map([
  [1, 'memory'],
  [2, 'secrets'],
  [3, 'cpuid'],
  [4, 'svsm-caa'],
  [0x10, 'kernel-hashes'],
])
/** One page each: hosts give one to the secure processor whatever size is said, and guests look for one. */
const SINGLE: ReadonlySet<SectionKind> = new Set(['secrets', 'cpuid', 'kernel-hashes'])

function refused(what: string): MalformedError {
  return new MalformedError('OVMF_FORMAT', what)
}

/** An entry of the table that is one number and no more. */
export function u32Entry(name: string, { content, offset }: OvmfTableEntry): number {
  if (content.length !== 4)
    throw refused(`${name} at ${atOffset(offset)} has ${content.length} octets where 4 are expected`)
  return new Reader(content).u32le(name)
}

function startOf(firmware: Uint8Array, table: ReadonlyMap<string, OvmfTableEntry>): number {
  const entry = table.get(METADATA_GUID)
  if (entry === undefined) throw refused('the table names no SEV metadata: this firmware was built without SEV-SNP')
  const fromEnd = u32Entry('the place of the SEV metadata', entry)
  const start = firmware.length - fromEnd
  if (start < 0 || fromEnd < HEADER_SIZE)
    throw refused(
      `SEV metadata ${fromEnd} octets before the end, as ${atOffset(entry.offset)} says, is out of the file`,
    )
  return start
}

function countOf(header: Reader, start: number, left: number): number {
  if (!sameBytes(header.bytes('signature', 4), SIGNATURE)) throw refused(`no SEV metadata at ${atOffset(start)}`)
  const size = header.u32le('size')
  const version = header.u32le('version')
  const count = header.u32le('number')
  if (version !== VERSION) throw refused(`SEV metadata at ${atOffset(start)} has version ${version}, not ${VERSION}`)
  if (count > MAX_SECTIONS || size !== HEADER_SIZE + count * SECTION_SIZE)
    throw refused(`SEV metadata at ${atOffset(start)} has ${size} octets for ${count} sections`)
  if (size > left) throw refused(`SEV metadata at ${atOffset(start)} has ${size} octets where the file has ${left}`)
  return count
}

function readSection(reader: Reader, offset: number): Section {
  const gpa = reader.u32le('gpa')
  const size = reader.u32le('size')
  const type = reader.u32le('type')
  const kind = KINDS.get(type)
  if (kind === undefined) throw refused(`the section at ${atOffset(offset)} has an unknown type, ${atOffset(type)}`)
  if (gpa % PAGE_SIZE !== 0)
    throw refused(`the section at ${atOffset(offset)} begins within a page, at ${atOffset(gpa)}`)
  if (size === 0 || size % PAGE_SIZE !== 0 || gpa + size > FOUR_GIB)
    throw refused(`the section at ${atOffset(offset)} has an impossible size, ${atOffset(size)}`)
  if (SINGLE.has(kind) && size !== PAGE_SIZE)
    throw refused(`the section at ${atOffset(offset)}, ${kind}, has ${atOffset(size)} octets and not one page`)
  return { kind, gpa, size, offset }
}

/** A page that is given twice has the contents of the later, and the digest of both. */
function assertApart(sections: readonly Section[], firmwareSize: number): void {
  const sorted = [...sections].sort((a, b) => a.gpa - b.gpa)
  sorted.forEach((section, i) => {
    const next = sorted[i + 1]?.gpa ?? FOUR_GIB - firmwareSize
    if (section.gpa + section.size > next)
      throw refused(
        `the section at ${atOffset(section.offset)} reaches over another or into the firmware, at ${atOffset(next)}`,
      )
  })
  for (const kind of SINGLE) {
    const [, second] = sections.filter((section) => section.kind === kind)
    if (second !== undefined) throw refused(`the section at ${atOffset(second.offset)} is a second one of ${kind}`)
  }
}

/**
 * The sections in their order.
 * @throws MalformedError OVMF_FORMAT
 */
export function readSections(firmware: Uint8Array, table: ReadonlyMap<string, OvmfTableEntry>): readonly Section[] {
  const start = startOf(firmware, table)
  const reader = new Reader(firmware.subarray(start))
  const count = countOf(reader, start, firmware.length - start)
  const sections = Array.from({ length: count }, () => readSection(reader, start + reader.offset))
  assertApart(sections, firmware.length)
  return sections
}
