/**
 * What QEMU writes into the setup header of a kernel before the firmware sees it (hw/i386/x86.c; Linux boot protocol). The firmware measures the
 * kernel afterwards, so the digest of the file alone is not the one in RTMR1.
 *
 *   0x210 loader u8 | 0x211 flags u8 | 0x218 address of the initrd u32 | 0x21C its size u32 | 0x224 end of the heap u16
 *   0x228 address of the command line u32
 * @module
 */
import { kernelFault, launchFault } from './faults.ts'
import { type GuestMemory, layOutMemory } from './guest-memory.ts'

const MIN_SIZE = 0x1000
const MAGIC_OFFSET = 0x202
const MAGIC = 0x53726448
const VERSION_OFFSET = 0x206
/** 2.12, of 2013: the first with `xloadflags`. */
const MIN_VERSION = 0x20c
const LOADER_OFFSET = 0x210
const FLAGS_OFFSET = 0x211
const LOADED_HIGH = 0x01
const CAN_USE_HEAP = 0x80
const INITRD_ADDRESS_OFFSET = 0x218
const INITRD_SIZE_OFFSET = 0x21c
const HEAP_END_OFFSET = 0x224
const COMMAND_LINE_OFFSET = 0x228
const XLOADFLAGS_OFFSET = 0x236
const ABOVE_4G = 0x02

const QEMU = 0xb0
const REAL_MODE_ADDRESS = 0x10000
const COMMAND_LINE_ADDRESS = 0x20000
/** What QEMU keeps free for ACPI tables below the end of low memory. */
const ACPI_SIZE = 0x28000
const PAGE_MASK = 4095

export interface KernelPlacement {
  readonly initrdSize: number
  readonly memorySize: number
}

/** The kernel as the firmware gets it. @throws MalformedError KERNEL_FORMAT, LAUNCH_INVALID */
export function patchKernel(kernel: Uint8Array, { initrdSize, memorySize }: KernelPlacement): Uint8Array {
  const flags = checkHeader(kernel)
  const patched = kernel.slice()
  const view = new DataView(patched.buffer)
  view.setUint8(LOADER_OFFSET, QEMU)
  view.setUint8(FLAGS_OFFSET, flags | CAN_USE_HEAP)
  view.setUint16(HEAP_END_OFFSET, COMMAND_LINE_ADDRESS - REAL_MODE_ADDRESS - 0x200, true)
  view.setUint32(COMMAND_LINE_OFFSET, COMMAND_LINE_ADDRESS, true)
  view.setUint32(INITRD_ADDRESS_OFFSET, placeInitrd(initrdSize, layOutMemory(memorySize)), true)
  view.setUint32(INITRD_SIZE_OFFSET, initrdSize, true)
  return patched
}

/** What no 64-bit kernel of the last ten years lacks: without it QEMU places things elsewhere. */
function checkHeader(kernel: Uint8Array): number {
  if (kernel.length < MIN_SIZE)
    throw kernelFault(`the kernel ends at 0x${kernel.length.toString(16)}, within its first ${MIN_SIZE} octets`)
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  if (view.getUint32(MAGIC_OFFSET, true) !== MAGIC)
    throw kernelFault('the kernel has no setup header: "HdrS" is not at 0x202')
  const version = view.getUint16(VERSION_OFFSET, true)
  if (version < MIN_VERSION)
    throw kernelFault(`the kernel has boot protocol 0x${version.toString(16)} at 0x206, at least 0x20c is due`)
  const flags = view.getUint8(FLAGS_OFFSET)
  if ((flags & LOADED_HIGH) === 0) throw kernelFault('the kernel is loaded low: bit 0 at 0x211 is not set')
  if ((view.getUint16(XLOADFLAGS_OFFSET, true) & ABOVE_4G) === 0)
    throw kernelFault('the kernel cannot be loaded above 4 GiB: bit 1 at 0x236 is not set')
  return flags
}

/** As high as it goes below the ACPI tables, on a page. */
function placeInitrd(size: number, { low }: GuestMemory): number {
  const end = low - ACPI_SIZE - 1
  if (!Number.isSafeInteger(size) || size <= 0) throw launchFault(`the initrd has ${size} octets`)
  if (size >= end)
    throw launchFault(`the initrd of ${size} octets does not fit the memory below 0x${Math.max(end, 0).toString(16)}`)
  const address = end - size
  return address - (address & PAGE_MASK)
}
