/**
 * The page by which a host that boots a kernel directly lets the firmware check it: the firmware is measured, this page is, and the kernel,
 * initrd and command line that the host hands over must have these digests. QEMU, kernel-hashes=on:
 *
 *   header GUID 16, length u16 = 168 | command line | initrd | kernel, each GUID 16, length u16 = 50, SHA-256 32 | zeros up to 176
 *
 * @module
 */
import { MalformedError } from '../../../errors.ts'
import { sha256 } from '../../crypto/index.ts'
import { concatBytes } from '../../encoding/bytes.ts'
import { Reader } from '../../encoding/reader.ts'
import { encodeUtf8 } from '../../encoding/utf8.ts'
import { Writer } from '../../encoding/writer.ts'
import { atOffset, type OvmfTableEntry } from '../ovmf/footer.ts'
import { encodeGuid } from '../ovmf/guid.ts'
import { PAGE_SIZE } from './launch-digest.ts'
import type { Section } from './sections.ts'

/** What a host boots directly. */
export interface DirectBoot {
  /** SHA-256 of the file as it is given to the host. */
  readonly kernelSha256: Uint8Array
  /** SHA-256 of the file. */
  readonly initrdSha256: Uint8Array | 'none'
  readonly commandLine: string
}

const AREA_GUID = '7255371f-3a3b-4b04-927b-1da6efa8d454'
const TABLE_GUID = '9438d606-4f22-4cc9-b479-a793d411fd21'
const COMMAND_LINE_GUID = '97d02dd8-bd20-4c94-aa78-e7714d36ab2a'
const INITRD_GUID = '44baf731-3a2f-4bd7-9af1-41e29169781d'
const KERNEL_GUID = '4de79437-abd2-427f-b835-d5b172d2045b'
const ENTRY_SIZE = 50
const TABLE_SIZE = 168
/** With the zeros behind it. */
const PADDED_SIZE = 176

function commandLineSha256(commandLine: string): Uint8Array {
  // The kernel would end the line there, while the digest goes on.
  if (commandLine.includes('\0')) throw new MalformedError('LAUNCH_INVALID', 'the command line holds a NUL')
  return sha256(encodeUtf8(commandLine), new Uint8Array(1))
}

function digestOf(name: string, digest: Uint8Array): Uint8Array {
  if (digest.length === 32) return digest
  throw new MalformedError('LAUNCH_INVALID', `the SHA-256 of the ${name} has ${digest.length} octets`)
}

function encodeTable({ kernelSha256, initrdSha256, commandLine }: DirectBoot): Uint8Array {
  const initrd = initrdSha256 === 'none' ? sha256() : digestOf('initrd', initrdSha256)
  const writer = new Writer(PADDED_SIZE).bytes(encodeGuid(TABLE_GUID)).u16le(TABLE_SIZE)
  const entry = (guid: string, digest: Uint8Array): void => {
    writer.bytes(encodeGuid(guid)).u16le(ENTRY_SIZE).bytes(digest)
  }
  entry(COMMAND_LINE_GUID, commandLineSha256(commandLine))
  entry(INITRD_GUID, initrd)
  entry(KERNEL_GUID, digestOf('kernel', kernelSha256))
  return writer.zero(PADDED_SIZE - TABLE_SIZE).finish()
}

/** Where in the page the firmware looks for the table. Elsewhere it would find nothing, or what the host put there. */
function areaWithin(section: Section, table: ReadonlyMap<string, OvmfTableEntry>): number {
  const entry = table.get(AREA_GUID)
  if (entry === undefined) throw new MalformedError('OVMF_FORMAT', 'the table names no area for hashes of a kernel')
  const at = atOffset(entry.offset)
  if (entry.content.length !== 8)
    throw new MalformedError('OVMF_FORMAT', `the area for hashes at ${at} has ${entry.content.length} octets, not 8`)
  const reader = new Reader(entry.content)
  const gpa = reader.u32le('gpa')
  const size = reader.u32le('size')
  if (size < PADDED_SIZE)
    throw new MalformedError('OVMF_FORMAT', `the area for hashes at ${at} is too small for them, ${size} octets`)
  if (gpa < section.gpa || gpa + PADDED_SIZE > section.gpa + section.size)
    throw new MalformedError(
      'OVMF_FORMAT',
      `the area for hashes at ${at} is at ${atOffset(gpa)}, out of the page that is measured, ${atOffset(section.gpa)}`,
    )
  return gpa - section.gpa
}

/**
 * The page that the section of hashes holds.
 * @throws MalformedError OVMF_FORMAT, LAUNCH_INVALID
 */
export function kernelHashesPage(
  boot: DirectBoot,
  section: Section,
  table: ReadonlyMap<string, OvmfTableEntry>,
): Uint8Array {
  const before = areaWithin(section, table)
  return concatBytes(new Uint8Array(before), encodeTable(boot), new Uint8Array(PAGE_SIZE - before - PADDED_SIZE))
}
