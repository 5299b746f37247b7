/**
 * Sections of a unified kernel image: a PE file (Microsoft's PE format, revision 11; the UAPI group's UKI specification names the sections).
 * Layout only, from the first octets of the file; what they hold is read by whoever asks.
 *
 * ```
 * 0x00 "MZ" … 0x3C u32 offset of the PE header -> "PE\0\0", COFF header 20: +2 u16 sections, +16 u16 size of the optional header
 * then the optional header, then 40 octets for each section: name 8, virtual size, address, raw size, raw offset, …
 * ```
 * @module
 */
import { MalformedError } from '../../../errors.ts'

export interface UkiSection {
  /** `.cmdline` and the like. */
  readonly name: string
  readonly offset: number
  /** Octets that count: the virtual size. What pads them in the file is zero and belongs to nothing. */
  readonly size: number
}

/** As many octets of the file's beginning as are ever needed. */
export const UKI_HEAD_SIZE: number = 64 * 1024
const MAX_SECTIONS = 96
const SECTION_SIZE = 40

/** @throws MalformedError KERNEL_FORMAT with the offset */
export function decodeUkiSections(head: Uint8Array, fileSize: number): readonly UkiSection[] {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const need = (offset: number, size: number, what: string): void => {
    if (offset + size > head.length) throw new MalformedError('KERNEL_FORMAT', `${what} at ${offset} is beyond the end`)
  }
  need(0, 64, 'DOS header')
  if (view.getUint16(0, true) !== 0x5a4d) throw new MalformedError('KERNEL_FORMAT', 'no MZ at 0: not a PE file')
  const pe = view.getUint32(0x3c, true)
  need(pe, 24, 'PE header')
  if (view.getUint32(pe, true) !== 0x4550) throw new MalformedError('KERNEL_FORMAT', `no PE signature at ${pe}`)
  const count = view.getUint16(pe + 6, true)
  if (count === 0 || count > MAX_SECTIONS)
    throw new MalformedError('KERNEL_FORMAT', `${count} sections at ${pe + 6}: 1 to ${MAX_SECTIONS} are taken`)
  const table = pe + 24 + view.getUint16(pe + 20, true)
  need(table, count * SECTION_SIZE, 'section table')
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_SIZE
    const letters = [...head.subarray(at, at + 8)]
    const end = letters.indexOf(0)
    const name = String.fromCharCode(...(end === -1 ? letters : letters.slice(0, end)))
    const virtualSize = view.getUint32(at + 8, true)
    const rawSize = view.getUint32(at + 16, true)
    const offset = view.getUint32(at + 20, true)
    if (offset + rawSize > fileSize)
      throw new MalformedError('KERNEL_FORMAT', `section ${i} at ${at} ends beyond the file`)
    return { name, offset, size: Math.min(virtualSize, rawSize) }
  })
}
