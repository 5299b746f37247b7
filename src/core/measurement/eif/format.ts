/** Enclave image format: numbers, limits, and how a fault of it is told. @module */
import { MalformedError } from '../../../errors.ts'

export const EIF_MAGIC: Uint8Array = Uint8Array.of(0x2e, 0x65, 0x69, 0x66)
/** The whole file header, and where its last field, the checksum, stands. */
export const HEADER_SIZE = 548
export const CRC_AT = 544
export const SECTION_HEADER_SIZE = 12
/** Slots of the two tables in the header. */
export const MAX_SECTIONS = 32

export type SectionKind = 'kernel' | 'cmdline' | 'metadata' | 'ramdisk' | 'signature'

interface SectionRule {
  readonly kind: SectionKind
  /** Place in a file: none stands behind one of a greater place. */
  readonly place: number
  /** The first version of the format that has it. */
  readonly since: number
  readonly many: boolean
  readonly minSize: number
  /** What is kept in memory is small; what is only hashed is bounded by the limit on the whole image. */
  readonly maxSize: number
}

const KIB = 1024
const MIB = 1024 * KIB
/** No host has the memory to start a larger one. */
export const MAX_IMAGE: number = 1024 * 1024 * MIB

/** By the number in a section's header; 0 is the invalid one. */
export const SECTION_RULES: ReadonlyMap<number, SectionRule> = new Map<number, SectionRule>([
  [1, { kind: 'kernel', place: 0, since: 2, many: false, minSize: 1, maxSize: MAX_IMAGE }],
  [2, { kind: 'cmdline', place: 1, since: 2, many: false, minSize: 0, maxSize: 64 * KIB }],
  [5, { kind: 'metadata', place: 2, since: 4, many: false, minSize: 0, maxSize: MIB }],
  [3, { kind: 'ramdisk', place: 3, since: 2, many: true, minSize: 0, maxSize: MAX_IMAGE }],
  [4, { kind: 'signature', place: 4, since: 3, many: false, minSize: 0, maxSize: 64 * KIB }],
])

/** @param at offset in the file */
export function malformedEif(at: number, what: string): MalformedError {
  return new MalformedError('EIF_FORMAT', `at ${at}: ${what}`)
}
