/** What SEV-SNP will measure of a launch, computed offline from what is launched. @module */
export type { DirectBoot } from './kernel-hashes.ts'
export {
  type MeasuredSnpLaunch,
  measureSnpLaunch,
  type SnpGuest,
  type SnpLaunch,
  type SnpPart,
  snpLaunchDigest,
} from './measure.ts'
export { vcpuSignature } from './vcpu-types.ts'
export type { SnpVmm } from './vmsa.ts'
