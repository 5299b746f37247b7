/**
 * The digest of a PE image that firmware measures: all octets but the checksum, the entry of the certificate table and the table itself
 * (Authenticode PE signature format, "calculating the PE image hash"). Calculators fill an image of another size up to a multiple of 8, and
 * firmware does not, so such an image is refused; none that is made for booting is one.
 *
 * Firmware hashes headers, then sections by their place in the file, then what is left. Whoever gives the image controls the headers: where
 * sections overlap or leave gaps, octets would be hashed twice or not at all, so the sections must fill the file in one piece.
 * @module
 */
import { createHasher } from '../../crypto/index.ts'
import { kernelFault } from './faults.ts'

const PE_POINTER = 0x3c
const PE_SIGNATURE = 0x00004550
const X86_64 = 0x8664
const PE32_PLUS = 0x20b
const COFF_SIZE = 20
const SECTION_SIZE = 40
// Within the optional header of PE32+.
const HEADERS_SIZE_AT = 60
const CHECKSUM_AT = 64
const DIRECTORIES_AT = 108
const SECURITY = 4
const SECURITY_AT = DIRECTORIES_AT + 4 + 8 * SECURITY
const ALIGNMENT = 8

const hex = (value: number): string => `0x${value.toString(16)}`

interface Image {
  u16(field: string, offset: number): number
  u32(field: string, offset: number): number
}

function openImage(image: Uint8Array): Image {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const need = (field: string, offset: number, size: number): number => {
    if (offset + size > image.length)
      throw kernelFault(`the image ends at ${hex(image.length)}, before ${field} at ${hex(offset)}`)
    return offset
  }
  return {
    u16: (field, offset) => view.getUint16(need(field, offset, 2), true),
    u32: (field, offset) => view.getUint32(need(field, offset, 4), true),
  }
}

/** @throws MalformedError KERNEL_FORMAT */
export function authenticodeSha384(image: Uint8Array): Uint8Array {
  const pe = openImage(image)
  if (image.length % ALIGNMENT !== 0)
    throw kernelFault(`the image ends at ${hex(image.length)}, which is no multiple of ${ALIGNMENT}`)
  const coff = pe.u32('the place of the PE header', PE_POINTER) + 4
  if (pe.u32('the PE signature', coff - 4) !== PE_SIGNATURE)
    throw kernelFault(`no "PE" at ${hex(coff - 4)}: the image is no EFI program`)
  const optional = coff + COFF_SIZE
  if (pe.u16('the machine', coff) !== X86_64 || pe.u16('the magic', optional) !== PE32_PLUS)
    throw kernelFault(`the image with its PE header at ${hex(coff - 4)} is not for x86-64`)
  if (pe.u32('the number of directories', optional + DIRECTORIES_AT) <= SECURITY)
    throw kernelFault(`the image has no entry for certificates at ${hex(optional + SECURITY_AT)}`)
  const end = checkSections(pe, { coff, optional })
  const certificates = checkCertificates(pe, { entry: optional + SECURITY_AT, end, size: image.length })
  const hasher = createHasher('sha384')
  hasher.update(image.subarray(0, optional + CHECKSUM_AT))
  hasher.update(image.subarray(optional + CHECKSUM_AT + 4, optional + SECURITY_AT))
  hasher.update(image.subarray(optional + SECURITY_AT + 8, certificates))
  return hasher.digest()
}

/** Where the last section ends. */
function checkSections(pe: Image, { coff, optional }: { readonly coff: number; readonly optional: number }): number {
  const count = pe.u16('the number of sections', coff + 2)
  const table = optional + pe.u16('the size of the optional header', coff + 16)
  const headers = pe.u32('the size of the headers', optional + HEADERS_SIZE_AT)
  if (table < optional + SECURITY_AT + 8 || table + count * SECTION_SIZE > headers)
    throw kernelFault(`the section table at ${hex(table)} is not within the headers, which end at ${hex(headers)}`)
  const sections = Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_SIZE
    return { at, size: pe.u32('the size of a section', at + 16), start: pe.u32('the place of a section', at + 20) }
  })
  let end = headers
  for (const { at, size, start } of sections.filter((section) => section.size > 0).sort((a, b) => a.start - b.start)) {
    if (start !== end)
      throw kernelFault(
        `the section in line ${hex(at)} begins at ${hex(start)}, and what is before it ends at ${hex(end)}`,
      )
    end += size
  }
  return end
}

/** Where the certificates begin; the end of the file where there are none. */
function checkCertificates(
  pe: Image,
  { entry, end, size }: { readonly entry: number; readonly end: number; readonly size: number },
): number {
  if (end > size) throw kernelFault(`the image ends at ${hex(size)}, before its last section does, at ${hex(end)}`)
  const start = pe.u32('the place of the certificates', entry)
  const length = pe.u32('the size of the certificates', entry + 4)
  if (length === 0) return size
  if (start < end || start + length !== size)
    throw kernelFault(
      `the certificates from ${hex(start)} to ${hex(start + length)} are not the end of the image, ${hex(end)} to ${hex(size)}`,
    )
  return start
}
