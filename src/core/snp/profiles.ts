/** Two published policies for SEV-SNP, complete as they are: `strict`, and `cloud` for what clouds rent out. Measurements are pinned elsewhere. @module */
import type { SnpPolicy } from './policy.ts'

/**
 * Levels at which the profiles were published. AMD has no feed of them as Intel has: whoever uses a profile raises them with AMD's
 * security bulletins.
 */
const FLOORS = {
  Milan: { bootLoader: 4, tee: 0, snp: 24, microcode: 219 },
  Genoa: { bootLoader: 10, tee: 0, snp: 23, microcode: 84 },
  Turin: { fmc: 1, bootLoader: 1, tee: 0, snp: 4, microcode: 71 },
} as const
const STRICT_FLOORS = { Genoa: FLOORS.Genoa, Turin: FLOORS.Turin } as const

/**
 * One's own, or well-known, machines: the key of a chip that is told apart, no product whose keys are known to be extractable
 * (Milan: arXiv 2605.12990), settled firmware, lists of revoked issuers at hand, and a host that leaves side channels shut.
 */
export const STRICT_SNP_POLICY: SnpPolicy = {
  products: ['Genoa', 'Turin'],
  deniedProducts: ['Milan'],
  // From version 3 the signed report names the processor.
  reportVersions: [3, 4, 5],
  signerKinds: ['vcek'],
  cspIds: 'unchecked',
  chipIds: 'unchecked',
  deniedChipIds: 'unchecked',
  vmpls: [0],
  migration: 'forbidden',
  smt: 'forbidden',
  cxl: 'forbidden',
  singleSocket: 'unchecked',
  memAes256Xts: 'unchecked',
  raplDisabled: 'required',
  ciphertextHidingDram: 'unchecked',
  pageSwapDisabled: 'unchecked',
  minimumAbi: 'unchecked',
  platformInfo: {
    aliasCheckComplete: 'required',
    ecc: 'required',
    tsme: 'unchecked',
    smt: 'forbidden',
    raplDisabled: 'required',
    ciphertextHidingDram: 'unchecked',
    allowed: ['tsme', 'ecc', 'raplDisabled', 'ciphertextHidingDram', 'aliasCheckComplete'],
    // Genuine Turin sets bit 6.
    unknownBits: 'reported',
  },
  minimumTcb: STRICT_FLOORS,
  minimumLaunchTcb: STRICT_FLOORS,
  minimumCommittedTcb: STRICT_FLOORS,
  provisionalFirmware: 'forbidden',
  minimumFirmware: 'unchecked',
  minimumCommittedFirmware: 'unchecked',
  minimumLaunchMitigations: 'unchecked',
  minimumCurrentMitigations: 'unchecked',
  minimumGuestSvn: 'unchecked',
  hostData: 'unchecked',
  idKeyDigests: 'unchecked',
  authorKeyDigests: 'unchecked',
  authorKey: 'unchecked',
  familyIds: 'unchecked',
  imageIds: 'unchecked',
  reportIds: 'unchecked',
  reportIdMas: 'unchecked',
  revocation: 'required',
}

/**
 * Rented machines as clouds run them: SMT on, RAPL as it is, VLEKs too, and Milan with the newest levels. What it gives away beside the
 * strict one is in its fields, none of it silent.
 */
export const CLOUD_SNP_POLICY: SnpPolicy = {
  ...STRICT_SNP_POLICY,
  products: ['Milan', 'Genoa', 'Turin'],
  deniedProducts: 'unchecked',
  signerKinds: ['vcek', 'vlek'],
  smt: 'unchecked',
  raplDisabled: 'unchecked',
  platformInfo: {
    ...STRICT_SNP_POLICY.platformInfo,
    smt: 'unchecked',
    raplDisabled: 'unchecked',
    allowed: 'unchecked',
  },
  minimumTcb: FLOORS,
  minimumLaunchTcb: FLOORS,
  minimumCommittedTcb: FLOORS,
}

/** A published policy by its name. */
export type SnpProfileName = 'strict' | 'cloud'

const PROFILES: Readonly<Record<SnpProfileName, SnpPolicy>> = { strict: STRICT_SNP_POLICY, cloud: CLOUD_SNP_POLICY }

/** The `snp` section of a profile with one's own pins, each of which replaces the profile's field as a whole. */
export function snpPolicyOf(profile: SnpProfileName, pins: Partial<SnpPolicy> = {}): SnpPolicy {
  return { ...PROFILES[profile], ...pins }
}
