/** QEMU's names of AMD processors, and the signature that a vCPU of each begins with: CPUID Fn0000_0001_EAX. @module */
import { MalformedError } from '../../../errors.ts'

/** AMD CPUID specification 25481: extended family, extended model, family 15, model, stepping. */
function signature(family: number, model: number, stepping: number): number {
  return ((family - 15) << 20) | ((model >> 4) << 16) | (15 << 8) | ((model & 15) << 4) | stepping
}

const NAPLES = signature(23, 1, 2)
const ROME = signature(23, 49, 0)
const MILAN = signature(25, 1, 1)
const GENOA = signature(25, 17, 0)
const TURIN = signature(26, 0, 0)

const SIGNATURES: ReadonlyMap<string, number> = new Map([
  ['EPYC', NAPLES],
  ['EPYC-v1', NAPLES],
  ['EPYC-v2', NAPLES],
  ['EPYC-IBPB', NAPLES],
  ['EPYC-v3', NAPLES],
  ['EPYC-v4', NAPLES],
  ['EPYC-Rome', ROME],
  ['EPYC-Rome-v1', ROME],
  ['EPYC-Rome-v2', ROME],
  ['EPYC-Rome-v3', ROME],
  ['EPYC-Milan', MILAN],
  ['EPYC-Milan-v1', MILAN],
  ['EPYC-Milan-v2', MILAN],
  ['EPYC-Genoa', GENOA],
  ['EPYC-Genoa-v1', GENOA],
  ['EPYC-Turin', TURIN],
])

/** @throws MalformedError VCPU_TYPE, which lists those that are known */
export function vcpuSignature(type: string): number {
  const known = SIGNATURES.get(type)
  if (known !== undefined) return known
  throw new MalformedError('VCPU_TYPE', `there is no vCPU type ${type}; known are ${[...SIGNATURES.keys()].join(', ')}`)
}
