/**
 * The save area of a vCPU as a host sets it up before the launch: the processor's state at its reset, a page of its own. AMD APM volume 2,
 * table B-4. Hosts differ in a few fields; what they have in common is what KVM writes.
 * @module
 */
import { PAGE_SIZE } from './launch-digest.ts'

/** Who sets up the guest. QEMU tells the vCPU its type in a register; the clouds do not. */
export type SnpVmm =
  | { readonly kind: 'qemu'; readonly vcpuSignature: number }
  | { readonly kind: 'ec2' }
  | { readonly kind: 'gce' }

/** Where the first vCPU starts: the reset vector, 16 octets below 4 GiB. */
export const RESET_VECTOR = 0xffff_fff0

const ES = 0x000
const CS = 0x010
const SS = 0x020
const DS = 0x030
const FS = 0x040
const GS = 0x050
const GDTR = 0x060
const LDTR = 0x070
const IDTR = 0x080
const TR = 0x090
const EFER = 0x0d0
const CR4 = 0x148
const CR0 = 0x158
const DR7 = 0x160
const DR6 = 0x168
const RFLAGS = 0x170
const RIP = 0x178
const G_PAT = 0x268
const RDX = 0x310
const SEV_FEATURES = 0x3b0
const XCR0 = 0x3e8
const MXCSR = 0x408
const X87_FCW = 0x410

const PAT = 0x0007_0406_0007_0406n
/** What the clouds leave in RDX. */
const CLOUD_RDX = 0x600

interface HostState {
  readonly csAttributes: number
  readonly ssAttributes: number
  readonly trAttributes: number
  readonly pat: bigint
  readonly rdx: number
  readonly mxcsr: number
  readonly fcw: number
}

function stateOf(vmm: SnpVmm, eip: number): HostState {
  const kvm = { csAttributes: 0x9b, ssAttributes: 0x93, trAttributes: 0x8b, pat: PAT }
  const cloud = { rdx: CLOUD_RDX, mxcsr: 0, fcw: 0 }
  switch (vmm.kind) {
    case 'qemu':
      return { ...kvm, rdx: vmm.vcpuSignature, mxcsr: 0x1f80, fcw: 0x37f }
    case 'ec2':
      return {
        ...kvm,
        ...cloud,
        csAttributes: eip === RESET_VECTOR ? 0x9a : 0x9b,
        ssAttributes: 0x92,
        trAttributes: 0x83,
      }
    case 'gce':
      return { ...kvm, ...cloud, pat: 0x0007_0106n }
    default:
      return vmm satisfies never
  }
}

interface Segment {
  readonly selector?: number
  readonly attributes?: number
  readonly base?: number
}

export interface Vcpu {
  readonly vmm: SnpVmm
  /** SEV_FEATURES, 64 bits. */
  readonly guestFeatures: bigint
  /** Where it starts. */
  readonly eip: number
}

/** The save area, one page. */
export function encodeVmsa({ vmm, guestFeatures, eip }: Vcpu): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE)
  const view = new DataView(page.buffer)
  const segment = (at: number, { selector = 0, attributes = 0, base = 0 }: Segment = {}): void => {
    view.setUint16(at, selector, true)
    view.setUint16(at + 2, attributes, true)
    view.setUint32(at + 4, 0xffff, true)
    view.setBigUint64(at + 8, BigInt(base), true)
  }
  const u64 = (at: number, value: number | bigint): void => view.setBigUint64(at, BigInt(value), true)
  const { csAttributes, ssAttributes, trAttributes, pat, rdx, mxcsr, fcw } = stateOf(vmm, eip)
  for (const at of [ES, DS, FS, GS]) segment(at, { attributes: 0x93 })
  // Real mode: the segment holds the upper half of the address, RIP the lower.
  segment(CS, { selector: 0xf000, attributes: csAttributes, base: eip - (eip & 0xffff) })
  segment(SS, { attributes: ssAttributes })
  segment(GDTR)
  segment(LDTR, { attributes: 0x82 })
  segment(IDTR)
  segment(TR, { attributes: trAttributes })
  u64(EFER, 0x1000)
  u64(CR4, 0x40)
  u64(CR0, 0x10)
  u64(DR7, 0x400)
  u64(DR6, 0xffff_0ff0)
  u64(RFLAGS, 2)
  u64(RIP, eip & 0xffff)
  u64(G_PAT, pat)
  u64(RDX, rdx)
  u64(SEV_FEATURES, guestFeatures)
  u64(XCR0, 1)
  view.setUint32(MXCSR, mxcsr, true)
  view.setUint16(X87_FCW, fcw, true)
  return page
}
