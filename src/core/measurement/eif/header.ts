/** The header of an enclave image: where its sections stand. Every octet of it is the giver's, and none of it is measured. @module */
import { sameBytes } from '../../encoding/bytes.ts'
import { Reader } from '../../encoding/reader.ts'
import { EIF_MAGIC, HEADER_SIZE, MAX_IMAGE, MAX_SECTIONS, malformedEif, SECTION_HEADER_SIZE } from './format.ts'

/** One slot of the two tables. */
export interface SectionSlot {
  /** Where the section's own header stands. */
  readonly offset: number
  /** Of what follows that header. */
  readonly size: number
  /** Where the header says that size. */
  readonly sizeAt: number
}

export interface EifHeader {
  readonly version: number
  readonly architecture: 'x86_64' | 'aarch64'
  /** What an enclave gets unless told, in octets; not measured. */
  readonly defaultMemory: number
  readonly defaultCpus: number
  /** In file order, one behind the other. */
  readonly slots: readonly SectionSlot[]
  /** Of the whole file. */
  readonly size: number
  readonly crc: number
}

const OLDEST_VERSION = 2
const NEWEST_VERSION = 4
const FLAG_AARCH64 = 1
const VERSION_AT = 4
const FLAGS_AT = 6
const COUNT_AT = 26
const OFFSETS_AT = 28
const SIZES_AT = 284

/** @throws MalformedError EIF_FORMAT unless the file begins as an image does */
export function requireMagic(magic: Uint8Array): void {
  if (!sameBytes(magic, EIF_MAGIC)) throw malformedEif(0, 'no enclave image: its first four octets are not ".eif"')
}

/**
 * All integers are big-endian:
 *
 * ```
 *   0 ".eif"           4 version u16      6 flags u16        8 default memory u64   16 default CPUs u64
 *  24 zero u16        26 sections u16    28 offsets u64[32]                        284 sizes u64[32]
 * 540 zero u32       544 CRC-32 u32
 * ```
 * @param bytes the 548 octets
 * @throws MalformedError EIF_FORMAT
 */
export function decodeEifHeader(bytes: Uint8Array): EifHeader {
  const reader = new Reader(bytes)
  reader.skip('magic', EIF_MAGIC.length)
  const version = reader.u16be('version')
  if (version < OLDEST_VERSION || version > NEWEST_VERSION)
    throw malformedEif(VERSION_AT, `version ${version}, ${OLDEST_VERSION} to ${NEWEST_VERSION} are known`)
  const flags = reader.u16be('flags')
  if ((flags & ~FLAG_AARCH64) !== 0) throw malformedEif(FLAGS_AT, `unknown flags 0x${flags.toString(16)}`)
  const defaultMemory = readSize(reader, 'default memory')
  const defaultCpus = readSize(reader, 'default CPUs')
  requireZero(reader.offset, BigInt(reader.u16be('reserved')))
  const count = reader.u16be('sections')
  if (count > MAX_SECTIONS) throw malformedEif(COUNT_AT, `${count} sections, at most ${MAX_SECTIONS} have a slot`)
  const offsets = readTable(reader, 'offset')
  const sizes = readTable(reader, 'size')
  requireZero(reader.offset, BigInt(reader.u32be('unused')))
  const crc = reader.u32be('checksum')
  reader.end()
  const architecture = flags & FLAG_AARCH64 ? 'aarch64' : 'x86_64'
  const { slots, size } = joinTables(count, offsets, sizes)
  return { version, architecture, defaultMemory, defaultCpus, slots, size, crc }
}

function readTable(reader: Reader, field: string): readonly bigint[] {
  return Array.from({ length: MAX_SECTIONS }, () => reader.u64be(field))
}

function readSize(reader: Reader, field: string): number {
  const at = reader.offset
  const value = reader.u64be(field)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformedEif(at, `${field} is impossibly large`)
  return Number(value)
}

/** Each section begins where the one before it ends: no octet of the file is outside of one, or in two. */
function joinTables(
  count: number,
  offsets: readonly bigint[],
  sizes: readonly bigint[],
): { readonly slots: readonly SectionSlot[]; readonly size: number } {
  const slots: SectionSlot[] = []
  let end = HEADER_SIZE
  for (let i = 0; i < MAX_SECTIONS; i++) {
    const [offset = 0n, size = 0n] = [offsets[i], sizes[i]]
    const [offsetAt, sizeAt] = [OFFSETS_AT + 8 * i, SIZES_AT + 8 * i]
    if (i >= count) {
      requireZero(offsetAt, offset)
      requireZero(sizeAt, size)
      continue
    }
    if (offset !== BigInt(end))
      throw malformedEif(offsetAt, `section ${i} is said to begin at ${offset}, what is before it ends at ${end}`)
    if (size > BigInt(MAX_IMAGE - SECTION_HEADER_SIZE - end))
      throw malformedEif(sizeAt, `section ${i} of ${size} octets makes the image larger than ${MAX_IMAGE}`)
    slots.push({ offset: end, size: Number(size), sizeAt })
    end += SECTION_HEADER_SIZE + Number(size)
  }
  return { slots, size: end }
}

function requireZero(at: number, value: bigint): void {
  if (value !== 0n) throw malformedEif(at, `${value} where zero is due`)
}

/** What a section's own header says. */
export interface SectionHeader {
  readonly type: number
  readonly flags: number
  readonly size: bigint
}

export function decodeSectionHeader(bytes: Uint8Array): SectionHeader {
  const reader = new Reader(bytes)
  const header = { type: reader.u16be('type'), flags: reader.u16be('flags'), size: reader.u64be('size') }
  reader.end()
  return header
}
