/** What the gateway demands of its own evidence before it uses it: everything that cannot be switched off, nothing that is a matter of taste. @module */
import { digestUri } from '../../core/crypto/index.ts'
import type { Trust } from '../../core/evidence/attestation.ts'
import type { SnpEndorsements, SnpPolicy } from '../../core/snp/index.ts'

/** Signature, chain, debug bit and report data are judged whatever stands here. */
const SNP: SnpPolicy = {
  products: ['Milan', 'Genoa', 'Turin'],
  reportVersions: [2, 3, 4, 5],
  signerKinds: ['vcek'],
  chipIds: 'unchecked',
  vmpls: [0, 1, 2, 3],
  migration: 'forbidden',
  smt: 'unchecked',
  cxl: 'unchecked',
  singleSocket: 'unchecked',
  memAes256Xts: 'unchecked',
  raplDisabled: 'unchecked',
  ciphertextHidingDram: 'unchecked',
  pageSwapDisabled: 'unchecked',
  platformInfo: {
    aliasCheckComplete: 'unchecked',
    ecc: 'unchecked',
    tsme: 'unchecked',
    smt: 'unchecked',
    raplDisabled: 'unchecked',
    ciphertextHidingDram: 'unchecked',
  },
  minimumTcb: 'unchecked',
  minimumLaunchTcb: 'unchecked',
  minimumCommittedTcb: 'unchecked',
  provisionalFirmware: 'allowed',
  minimumGuestSvn: 'unchecked',
  hostData: 'unchecked',
  idKeyDigests: 'unchecked',
  authorKeyDigests: 'unchecked',
  familyIds: 'unchecked',
  imageIds: 'unchecked',
  revocation: 'unchecked',
}

/**
 * @param simulated whether the device says of itself that it is software: only then does the root that it brings along count, and only
 *   for this gateway's own check. A client must name that root itself.
 */
export function selfTrust(endorsements: SnpEndorsements, simulated: boolean): Trust {
  return {
    lock: undefined,
    policy: {
      version: 1,
      platforms: ['snp'],
      snp: SNP,
      roots: 'built-in',
      dangerouslyTrustSimulatedRoots: simulated ? [digestUri(endorsements.ark)] : [],
      origins: 'unchecked',
      grade: 'signed',
      live: { maxAgeSeconds: 86_400 },
      audit: { time: 'unchecked', witnesses: 'unchecked' },
      measurements: 'unchecked',
      models: 'unchecked',
      upstreams: ['embedded', 'local', 'attested', 'remote'],
      disclosures: ['response'],
      transforms: 'unchecked',
    },
  }
}
