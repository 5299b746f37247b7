/** The files and numbers of `measure tdx`. Large files are hashed as they are read. @module */
import { readFile, stat } from 'node:fs/promises'
import { decodeHex } from '../../core/encoding/bytes.ts'
import type { AcpiDigests, DirectBoot, PageOrder } from '../../core/measurement/tdx/index.ts'
import { UsageError } from '../command.ts'
import { hashFile } from './launch-file.ts'

const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }
/** A unified kernel image holds its initrd. */
const MAX_PROGRAM = 2 ** 30
const DIGEST = /^sha384:([0-9a-f]{96})$/

export interface TdxFileValues {
  readonly kernel?: string | undefined
  readonly initrd?: string | undefined
  readonly append?: string | undefined
  readonly 'acpi-tables'?: string | undefined
  readonly 'acpi-rsdp'?: string | undefined
  readonly 'acpi-loader'?: string | undefined
}

/** `2G`, `2816M`. A bare number is mebibytes to QEMU and octets to others, so it is refused. */
export function readMemory(text: string | undefined): number {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,8})([MGT])$/.exec(text ?? '') ?? []
  const factor = UNITS[unit]
  if (factor === undefined)
    throw new UsageError('measure tdx wants the size of memory', 'Give it with its unit, M, G or T: --memory 2G')
  return Number(digits) * factor
}

export function readVcpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new UsageError(`${text} is no number of vCPUs`, 'For example: --vcpus 4')
  return Number(text)
}

export function readPageOrder(qemu: string): PageOrder {
  if (qemu === '8') return 'section'
  if (qemu === '9') return 'page'
  throw new UsageError(`--qemu ${qemu} is not known`, 'Give 8 for QEMU 8 with patches for TDX, 9 for 9 and later.')
}

/** A kernel, whole: its headers say what is hashed. */
export async function readProgram(file: string): Promise<Uint8Array> {
  try {
    const state = await stat(file)
    // A device or a pipe has no size, and may have no end.
    if (!state.isFile()) throw new UsageError(`${file} is no file`, 'Give the kernel itself.')
    if (state.size > MAX_PROGRAM) throw new UsageError(`${file} is larger than 1 GiB`, 'Give the kernel itself.')
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  }
}

/** Of a file, or as it is given. */
async function readDigest(text: string): Promise<Uint8Array> {
  const [, digits] = DIGEST.exec(text) ?? []
  return digits === undefined ? (await hashFile(text, 'sha384')).digest : decodeHex(digits)
}

/** All three or none: RTMR0 covers each. */
export async function readAcpi(values: TdxFileValues): Promise<AcpiDigests | undefined> {
  const { 'acpi-tables': tables, 'acpi-rsdp': rsdp, 'acpi-loader': loader } = values
  if (tables === undefined && rsdp === undefined && loader === undefined) return undefined
  if (tables === undefined || rsdp === undefined || loader === undefined)
    throw new UsageError('RTMR0 covers three ACPI files', 'Give --acpi-tables, --acpi-rsdp and --acpi-loader together.')
  return { tables: await readDigest(tables), rsdp: await readDigest(rsdp), loader: await readDigest(loader) }
}

/** A kernel with its initrd. Undefined where neither is given, and where a kernel stands alone. */
export async function readBoot({ kernel, initrd, append = '' }: TdxFileValues): Promise<DirectBoot | undefined> {
  if (initrd === undefined) return undefined
  if (kernel === undefined)
    throw new UsageError('an initrd is measured with its kernel', 'Give --kernel and --initrd together.')
  return { kernel: await readProgram(kernel), commandLine: append, initrd: await hashFile(initrd, 'sha384') }
}
