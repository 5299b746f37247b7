/**
 * The hand-off block with which QEMU tells TDVF what memory there is (hw/i386/tdvf-hob.c; PI 1.7, volume 3). The firmware hashes it into RTMR0,
 * so that a loader cannot lie about memory unseen.
 *
 *   hand-off:  1 u16 | 56 u16 | 0 x 4 | version u32 = 9 | 0 x 36 | address behind the list u64
 *   resource:  3 u16 | 48 u16 | 0 x 4 | owner, 0 x 16 | type u32 | attributes u32 = 7 | start u64 | size u64
 *
 * The end marker (8 octets) follows; the firmware does not hash it.
 * @module
 */
import { Writer } from '../../encoding/writer.ts'
import { atOffset } from '../ovmf/footer.ts'
import { launchFault } from './faults.ts'
import { FOUR_GIB, type GuestMemory } from './guest-memory.ts'
import type { Tdvf } from './tdvf.ts'

interface Range {
  readonly start: number
  readonly size: number
  /** Whether its pages were added at launch, so that the firmware need not accept them. */
  readonly added: boolean
}

const HANDOFF_SIZE = 56
const RESOURCE_SIZE = 48
const END_SIZE = 8
const SYSTEM_MEMORY = 0
const UNACCEPTED_MEMORY = 7
/** Present, initialized, tested. */
const ATTRIBUTES = 7

/** Memory in ascending order, cut where pages are there already. */
function memoryRanges({ sections }: Tdvf, { low, high }: GuestMemory): readonly Range[] {
  const inMemory = sections.filter(({ type }) => type === 'TD_HOB' || type === 'TEMP_MEM')
  const ranges: Range[] = []
  let end = 0
  const fill = (to: number): void => {
    if (to > end) ranges.push({ start: end, size: to - end, added: false })
  }
  for (const { at, address, memorySize } of [...inMemory].sort((a, b) => a.address - b.address)) {
    if (address + memorySize > low)
      throw launchFault(
        `the memory ends at 0x${low.toString(16)}, and the firmware's section at ${atOffset(at)} needs it to 0x${(address + memorySize).toString(16)}`,
      )
    fill(address)
    ranges.push({ start: address, size: memorySize, added: true })
    end = address + memorySize
  }
  fill(low)
  if (high > 0) ranges.push({ start: FOUR_GIB, size: high, added: false })
  return ranges
}

/** The octets that are hashed. @throws MalformedError LAUNCH_INVALID when memory is too small for the firmware */
export function encodeTdHob(tdvf: Tdvf, memory: GuestMemory): Uint8Array {
  const ranges = memoryRanges(tdvf, memory)
  const size = HANDOFF_SIZE + RESOURCE_SIZE * ranges.length
  const { hob } = tdvf
  if (size + END_SIZE > hob.memorySize)
    throw launchFault(`the hand-off block of ${size + END_SIZE} octets does not fit the section at ${atOffset(hob.at)}`)
  const w = new Writer(size)
  w.u16le(1).u16le(HANDOFF_SIZE).zero(4).u32le(9).zero(36)
  w.u64le(BigInt(hob.address + size + END_SIZE))
  for (const { start, size: length, added } of ranges) {
    w.u16le(3).u16le(RESOURCE_SIZE).zero(20)
    w.u32le(added ? SYSTEM_MEMORY : UNACCEPTED_MEMORY).u32le(ATTRIBUTES)
    w.u64le(BigInt(start)).u64le(BigInt(length))
  }
  return w.finish()
}
