export type SectionTriple = readonly [gpa: number, size: number, type: number]

export interface TableEntry {
  readonly guid: string
  readonly content: Uint8Array
  readonly size?: number
}

/** As fixtures describe firmware. */
export interface OvmfShape {
  readonly size?: number
  readonly seed?: number
  readonly sections?: readonly SectionTriple[]
  readonly hashes?: readonly number[] | 'none'
  readonly resetAddress?: number | 'none'
  readonly fromEnd?: number | 'none'
  readonly place?: number
  readonly signature?: string
  readonly version?: number
  readonly length?: number
  readonly count?: number
}

export const OVMF_GUIDS: Readonly<Record<'table' | 'sevMetadata' | 'sevHashes' | 'resetBlock' | 'svsm', string>>
export const AMD_SEV_SECTIONS: readonly SectionTriple[]
export function u16(value: number): Uint8Array
export function u32(value: number): Uint8Array
export function pattern(size: number, seed?: number): Uint8Array
export function encodeTable(entries: readonly TableEntry[], size?: number): Uint8Array
export function imageWithTable(table: Uint8Array, size?: number, seed?: number): Uint8Array
export function encodeOvmf(shape?: OvmfShape): Uint8Array
