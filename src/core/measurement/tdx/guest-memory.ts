/** Where QEMU's machine q35 puts a guest's memory: below the PCI hole, and the rest above 4 GiB (hw/i386/pc_q35.c). @module */
import { launchFault } from './faults.ts'

export interface GuestMemory {
  /** Octets from address 0. */
  readonly low: number
  /** Octets from 4 GiB. */
  readonly high: number
}

export const FOUR_GIB = 0x1_0000_0000
const MIB = 0x10_0000
/** From this size on the hole begins at 2 GiB, so that a large page may cover what is below. */
const SPLIT_FROM = 0xb000_0000
const SPLIT_AT = 0x8000_0000
/** TDX has at most 52 bits of address. */
const MAX_SIZE = 2 ** 51

/** @throws MalformedError LAUNCH_INVALID */
export function layOutMemory(size: number): GuestMemory {
  if (!Number.isSafeInteger(size) || size <= 0 || size > MAX_SIZE || size % MIB !== 0)
    throw launchFault(`the memory of ${size} octets is no multiple of a MiB from 1 MiB to ${MAX_SIZE / MIB} MiB`)
  const low = size >= SPLIT_FROM ? SPLIT_AT : size
  return { low, high: size - low }
}
