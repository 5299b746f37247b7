/**
 * What SEV-SNP will measure of a launch: firmware, the sections that it asks for, the kernel by its hashes, and a save area for each vCPU. SNP
 * firmware ABI, SNP_LAUNCH_UPDATE; the order is that of QEMU and of the clouds.
 * @module
 */
import { MalformedError } from '../../../errors.ts'
import { sha384 } from '../../crypto/index.ts'
import { encodeHex } from '../../encoding/bytes.ts'
import type { SnpMeasurements } from '../measurements.ts'
import { atOffset, type OvmfTableEntry, readOvmfTable } from '../ovmf/footer.ts'
import { type DirectBoot, kernelHashesPage } from './kernel-hashes.ts'
import { DIGEST_SIZE, LaunchDigest, PAGE_SIZE } from './launch-digest.ts'
import { readSections, type Section, u32Entry } from './sections.ts'
import { encodeVmsa, RESET_VECTOR, type SnpVmm } from './vmsa.ts'

/** A launch but for the number of its vCPUs. */
export interface SnpGuest {
  /** OVMF as the host maps it below 4 GiB. */
  readonly firmware: Uint8Array
  /** 48 octets that the pages of the firmware come to, where another has computed them; its tables are read from `firmware` all the same. */
  readonly firmwareDigest: Uint8Array | 'computed'
  /** What the host boots directly, or `none` where the firmware boots from a disk. */
  readonly boot: DirectBoot | 'none'
  readonly vmm: SnpVmm
  /** SEV_FEATURES of each vCPU: 0x1 unless the host sets more. */
  readonly guestFeatures: bigint
}

export interface SnpLaunch extends SnpGuest {
  /** 1 to 512. */
  readonly vcpus: number
}

/** A part for people: two launches that differ do so from the first part on whose digests differ. */
export interface SnpPart {
  readonly name: string
  /** Where in the guest's memory; `none` for a vCPU. */
  readonly gpa: number | 'none'
  readonly size: number
  /** The launch digest once the part was measured, lower-case hex. */
  readonly digest: string
}

export interface MeasuredSnpLaunch {
  readonly parts: readonly SnpPart[]
  /** By number of vCPUs, the smallest first. */
  readonly measurements: ReadonlyMap<number, SnpMeasurements>
}

type Table = ReadonlyMap<string, OvmfTableEntry>

const RESET_BLOCK_GUID = '00f771de-1a7e-4fcb-890e-68c77e2fb44e'
const FOUR_GIB = 0x1_0000_0000
const MAX_VCPUS = 512
/** SNPActive, AMD APM volume 2, 15.36: without it the guest is none of SEV-SNP. */
const SNP_ACTIVE = 1n
const NAMES = {
  memory: 'memory',
  secrets: 'secrets',
  cpuid: 'CPUID',
  'svsm-caa': 'SVSM calling area',
  'kernel-hashes': 'kernel hashes',
} as const

function invalid(what: string): MalformedError {
  return new MalformedError('LAUNCH_INVALID', what)
}

function assertLaunch({ firmware, firmwareDigest, vmm, guestFeatures }: SnpGuest, counts: readonly number[]): void {
  if (firmware.length % PAGE_SIZE !== 0)
    throw new MalformedError(
      'OVMF_FORMAT',
      `the firmware ends within a page, at ${atOffset(firmware.length)}: it is cut, or another file`,
    )
  if (firmwareDigest !== 'computed' && firmwareDigest.length !== DIGEST_SIZE)
    throw invalid(`the digest of the firmware has ${firmwareDigest.length} octets, not ${DIGEST_SIZE}`)
  if (counts.length === 0) throw invalid('a launch has a number of vCPUs')
  for (const vcpus of counts)
    if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > MAX_VCPUS)
      throw invalid(`${vcpus} vCPUs: a launch has 1 to ${MAX_VCPUS}`)
  if (guestFeatures < 0n || guestFeatures >= 1n << 64n || (guestFeatures & SNP_ACTIVE) === 0n)
    throw invalid(`guest features 0x${guestFeatures.toString(16)}: 64 bits, and bit 0 is set where SEV-SNP is`)
  if (
    vmm.kind === 'qemu' &&
    (!Number.isInteger(vmm.vcpuSignature) || vmm.vcpuSignature < 0 || vmm.vcpuSignature >= FOUR_GIB)
  )
    throw invalid(`${vmm.vcpuSignature} is no signature of a vCPU, which has 32 bits`)
}

/** EC2 gives the page of CPUID after all others. */
function inOrder(sections: readonly Section[], { kind }: SnpVmm): readonly Section[] {
  if (kind !== 'ec2') return sections
  const isCpuid = (section: Section): boolean => section.kind === 'cpuid'
  return [...sections.filter((section) => !isCpuid(section)), ...sections.filter(isCpuid)]
}

function addSection(
  digest: LaunchDigest,
  section: Section,
  { boot, vmm, table }: SnpGuest & { readonly table: Table },
): void {
  const { kind, gpa, size } = section
  switch (kind) {
    case 'memory':
      digest.empty(vmm.kind === 'gce' ? 'unmeasured' : 'zero', gpa, size)
      break
    case 'secrets':
    case 'cpuid':
      digest.empty(kind, gpa, size)
      break
    case 'svsm-caa':
      digest.empty('zero', gpa, size)
      break
    case 'kernel-hashes':
      if (boot === 'none') digest.empty('zero', gpa, size)
      else digest.normal(gpa, kernelHashesPage(boot, section, table))
      break
    default:
      kind satisfies never
  }
}

/** Where vCPUs start but the first. */
function resetAddress(table: Table): number {
  const entry = table.get(RESET_BLOCK_GUID)
  if (entry === undefined)
    throw new MalformedError('OVMF_FORMAT', 'the table has no reset block: it does not say where further vCPUs start')
  const eip = u32Entry('the reset block', entry)
  if (eip !== 0) return eip
  throw new MalformedError('OVMF_FORMAT', `the reset block at ${atOffset(entry.offset)} names no address`)
}

function addVcpus(
  digest: LaunchDigest,
  { vmm, guestFeatures }: SnpGuest,
  { counts, table }: { readonly counts: readonly number[]; readonly table: Table },
): MeasuredSnpLaunch {
  const last = Math.max(...counts)
  const first = sha384(encodeVmsa({ vmm, guestFeatures, eip: RESET_VECTOR }))
  const other = last === 1 ? first : sha384(encodeVmsa({ vmm, guestFeatures, eip: resetAddress(table) }))
  const measurements = new Map<number, SnpMeasurements>()
  const parts: SnpPart[] = []
  for (let vcpus = 1; vcpus <= last; vcpus++) {
    digest.vmsa(vcpus === 1 ? first : other)
    const measurement = encodeHex(digest.value)
    if (!counts.includes(vcpus)) continue
    measurements.set(vcpus, { measurement })
    parts.push({ name: `vCPU ${vcpus}`, gpa: 'none', size: PAGE_SIZE, digest: measurement })
  }
  return { parts, measurements }
}

/**
 * One guest at several numbers of vCPUs: all but the save areas is measured once.
 * @throws MalformedError OVMF_FORMAT, LAUNCH_INVALID; IMAGE_PROFILE_WEAK where a kernel is booted that nothing would measure
 */
export function measureSnpLaunch(guest: SnpGuest, counts: readonly number[]): MeasuredSnpLaunch {
  assertLaunch(guest, counts)
  const { firmware, firmwareDigest, boot, vmm } = guest
  const table = readOvmfTable(firmware)
  const sections = readSections(firmware, table)
  if (boot !== 'none' && !sections.some(({ kind }) => kind === 'kernel-hashes'))
    throw new MalformedError(
      'IMAGE_PROFILE_WEAK',
      'the kernel would not be measured: the firmware has no section for its hashes (build OvmfPkg/AmdSev)',
    )
  const gpa = FOUR_GIB - firmware.length
  const digest = new LaunchDigest(firmwareDigest === 'computed' ? undefined : firmwareDigest)
  if (firmwareDigest === 'computed') digest.normal(gpa, firmware)
  const parts: SnpPart[] = []
  const note = (name: string, at: number, size: number): void => {
    parts.push({ name, gpa: at, size, digest: encodeHex(digest.value) })
  }
  note('firmware', gpa, firmware.length)
  for (const section of inOrder(sections, vmm)) {
    addSection(digest, section, { ...guest, table })
    note(NAMES[section.kind], section.gpa, section.size)
  }
  const vcpus = addVcpus(digest, guest, { counts, table })
  return { parts: [...parts, ...vcpus.parts], measurements: vcpus.measurements }
}

/**
 * The launch digest of one launch.
 * @throws MalformedError as {@link measureSnpLaunch}
 */
export function snpLaunchDigest({ vcpus, ...guest }: SnpLaunch): SnpMeasurements {
  const measured = measureSnpLaunch(guest, [vcpus]).measurements.get(vcpus)
  if (measured === undefined) throw new TypeError('a launch was not measured')
  return measured
}
