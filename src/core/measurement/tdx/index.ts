/** What a TDX guest will measure, computed from the files that it boots from. Pure: files come in as octets or as digests. @module */
import { sha384 } from '../../crypto/index.ts'
import { encodeHex } from '../../encoding/bytes.ts'
import type { TdxMeasurements } from '../../tdx/index.ts'
import { authenticodeSha384 } from './authenticode.ts'
import { type AcpiDigests, commandEvents, configurationEvents, firmwareEvents, kernelEvents } from './boot-events.ts'
import { layOutMemory } from './guest-memory.ts'
import { patchKernel } from './kernel-patches.ts'
import { computeMrtd, type PageOrder } from './mrtd.ts'
import { type BootEvent, extendAll } from './rtmr.ts'
import { encodeTdHob } from './td-hob.ts'
import { readTdvf, type Tdvf } from './tdvf.ts'

export { authenticodeSha384 } from './authenticode.ts'
export { type AcpiDigests, CONSTANT_EVENTS, loadOptionsEvent } from './boot-events.ts'
export type { PageOrder } from './mrtd.ts'
export type { BootEvent } from './rtmr.ts'

/** A kernel that QEMU hands to the firmware (`-kernel`, `-initrd`, `-append`). */
export interface DirectBoot {
  readonly kernel: Uint8Array
  /** As given to QEMU. */
  readonly commandLine: string
  readonly initrd: { readonly size: number; readonly digest: Uint8Array }
}

export interface TdxPlatform {
  readonly firmware: Uint8Array
  readonly pageOrder: PageOrder
  /** Octets of guest memory. */
  readonly memorySize: number
}

export interface TdxLaunch extends TdxPlatform {
  readonly acpi: AcpiDigests
  readonly boot: DirectBoot
}

/** A launch of which not everything is at hand. */
export interface PartialTdxLaunch extends TdxPlatform {
  readonly acpi?: AcpiDigests
  readonly boot?: DirectBoot
}

export type TdxRegister = keyof TdxMeasurements

/** Something that a register covers. */
export interface TdxPart {
  readonly register: TdxRegister
  readonly name: string
  /** 96 hex digits; absent for pages whose contents are not measured. */
  readonly digest?: string
  /** Of the octets in the firmware's file. */
  readonly offset?: number
  /** Guest physical address. */
  readonly gpa?: number
  readonly size?: number
}

export interface TdxMeasured {
  /** Those that the launch decides: without the digests of the ACPI files there is no RTMR0, without a kernel neither RTMR1 nor RTMR2. */
  readonly measurements: Partial<TdxMeasurements> & Pick<TdxMeasurements, 'mrTd'>
  readonly parts: readonly TdxPart[]
}

function sectionParts(firmware: Uint8Array, { sections }: Tdvf): readonly TdxPart[] {
  return sections.map((section): TdxPart => {
    const { type, address, memorySize, dataOffset, rawSize, extended } = section
    return {
      register: 'mrTd',
      name: type,
      gpa: address,
      size: memorySize,
      ...(extended && {
        offset: dataOffset,
        digest: encodeHex(sha384(firmware.subarray(dataOffset, dataOffset + rawSize))),
      }),
    }
  })
}

interface Measured {
  readonly value: string
  readonly parts: readonly TdxPart[]
}

function measureRegister(register: TdxRegister, events: readonly BootEvent[]): Measured {
  return {
    value: encodeHex(extendAll(events)),
    parts: events.map(({ name, digest }) => ({ register, name, digest: encodeHex(digest) })),
  }
}

/** What the firmware's file and the size of memory decide of RTMR0. */
function firmwareEventsOf({ firmware, memorySize }: TdxPlatform, tdvf: Tdvf): readonly BootEvent[] {
  const { dataOffset, rawSize } = tdvf.variables
  const tdHob = encodeTdHob(tdvf, layOutMemory(memorySize))
  return firmwareEvents(tdHob, firmware.subarray(dataOffset, dataOffset + rawSize))
}

function measureBoot(
  { kernel, commandLine, initrd }: DirectBoot,
  memorySize: number,
): Record<'rtMr1' | 'rtMr2', Measured> {
  const patched = patchKernel(kernel, { initrdSize: initrd.size, memorySize })
  return {
    rtMr1: measureRegister('rtMr1', kernelEvents(authenticodeSha384(patched))),
    rtMr2: measureRegister('rtMr2', commandEvents(commandLine, initrd.digest)),
  }
}

/**
 * Measures what is at hand.
 * @throws MalformedError OVMF_FORMAT, KERNEL_FORMAT, LAUNCH_INVALID
 */
export function measureTdx(launch: PartialTdxLaunch): TdxMeasured {
  const { firmware, pageOrder, memorySize, acpi, boot } = launch
  const tdvf = readTdvf(firmware)
  const own = firmwareEventsOf(launch, tdvf)
  const rtMr0 = measureRegister('rtMr0', acpi === undefined ? own : [...own, ...configurationEvents(acpi)])
  const booted = boot === undefined ? undefined : measureBoot(boot, memorySize)
  return {
    measurements: {
      mrTd: encodeHex(computeMrtd(firmware, tdvf, pageOrder)),
      ...(acpi && { rtMr0: rtMr0.value }),
      ...(booted && { rtMr1: booted.rtMr1.value, rtMr2: booted.rtMr2.value }),
    },
    parts: [
      ...sectionParts(firmware, tdvf),
      ...rtMr0.parts,
      ...(booted ? [...booted.rtMr1.parts, ...booted.rtMr2.parts] : []),
    ],
  }
}

/**
 * The four registers of a direct boot.
 *
 * ```ts
 * const { mrTd, rtMr1 } = tdxMeasurements({ firmware, pageOrder: 'page', memorySize: 2 ** 31, acpi, boot })
 * ```
 * @throws MalformedError OVMF_FORMAT, KERNEL_FORMAT, LAUNCH_INVALID
 */
export function tdxMeasurements(launch: TdxLaunch): TdxMeasurements {
  const { firmware, pageOrder, memorySize, acpi, boot } = launch
  const tdvf = readTdvf(firmware)
  const { rtMr1, rtMr2 } = measureBoot(boot, memorySize)
  const events = [...firmwareEventsOf(launch, tdvf), ...configurationEvents(acpi)]
  return {
    mrTd: encodeHex(computeMrtd(firmware, tdvf, pageOrder)),
    rtMr0: measureRegister('rtMr0', events).value,
    rtMr1: rtMr1.value,
    rtMr2: rtMr2.value,
  }
}
