/** What the gateway demands of its own evidence before it uses it: everything that cannot be switched off, nothing that is a matter of taste. @module */
import { digestUri } from '../../core/crypto/index.ts'
import type { Trust } from '../../core/evidence/attestation.ts'
import type { EndorsedQuote } from '../../core/evidence/hardware.ts'
import { decodeNitroDocument, type NitroPolicy } from '../../core/nitro/index.ts'
import type { SnpPolicy } from '../../core/snp/index.ts'
import { ACCEPTABLE_TCB_STATUSES, decodePckChain, decodeTdxQuote, type TdxPolicy } from '../../core/tdx/index.ts'

/** Signature, chain, debug bit and report data are judged whatever stands here. */
const SNP: SnpPolicy = {
  products: ['Milan', 'Genoa', 'Turin'],
  deniedProducts: 'unchecked',
  reportVersions: [2, 3, 4, 5],
  signerKinds: ['vcek', 'vlek'],
  cspIds: 'unchecked',
  chipIds: 'unchecked',
  deniedChipIds: 'unchecked',
  vmpls: [0, 1, 2, 3],
  migration: 'forbidden',
  smt: 'unchecked',
  cxl: 'unchecked',
  singleSocket: 'unchecked',
  memAes256Xts: 'unchecked',
  raplDisabled: 'unchecked',
  ciphertextHidingDram: 'unchecked',
  pageSwapDisabled: 'unchecked',
  minimumAbi: 'unchecked',
  platformInfo: {
    aliasCheckComplete: 'unchecked',
    ecc: 'unchecked',
    tsme: 'unchecked',
    smt: 'unchecked',
    raplDisabled: 'unchecked',
    ciphertextHidingDram: 'unchecked',
    allowed: 'unchecked',
    unknownBits: 'reported',
  },
  minimumTcb: 'unchecked',
  minimumLaunchTcb: 'unchecked',
  minimumCommittedTcb: 'unchecked',
  provisionalFirmware: 'allowed',
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
  revocation: 'unchecked',
}

/** Where the device's owner brings no collateral, clients fetch their own: then signatures and chain are what this gateway can judge. */
function tdxPolicy(collateral: boolean): TdxPolicy {
  const tcb = collateral ? 'required' : 'unchecked'
  return {
    quoteVersions: [4, 5],
    bodyTypes: [2, 3],
    tcb,
    tcbStatuses: ACCEPTABLE_TCB_STATUSES,
    advisories: 'unchecked',
    minimumEvaluationDataNumber: 'unchecked',
    revocation: tcb,
    platformInstanceIds: 'unchecked',
    deniedFmspcs: 'unchecked',
    minimumQeSvn: 'unchecked',
    minimumPceSvn: 'unchecked',
    minimumTeeTcbSvn: 'unchecked',
    mrSeams: 'unchecked',
    septVeDisable: 'unchecked',
    allowedAttributes: 'unchecked',
    tdAttributes: 'unchecked',
    xfams: 'unchecked',
    serviceTds: 'unchecked',
    mrConfigIds: 'unchecked',
    mrOwners: 'unchecked',
    mrOwnerConfigs: 'unchecked',
  }
}

const NITRO: NitroPolicy = {
  document: 'enclave',
  time: { maxAgeSeconds: 300, futureSkewSeconds: 300 },
  pcrs: { others: 'unchecked' },
  revocation: 'unchecked',
}

/** The root that a quote brings along, DER. Only a device that calls itself software has it count, see {@link selfTrust}. */
function ownRoot(quote: EndorsedQuote): Uint8Array | undefined {
  switch (quote.tee) {
    case 'snp':
      return quote.endorsements?.ark
    case 'tdx':
      return decodePckChain(decodeTdxQuote(quote.quote).signatureData.pckChain).at(-1)
    case 'nitro':
      return decodeNitroDocument(quote.document).cabundle[0]
    default:
      return quote satisfies never
  }
}

/**
 * @param simulated whether the device says of itself that it is software: only then does the root that it brings along count, and only
 *   for this gateway's own check. A client must name that root itself.
 */
export function selfTrust(quote: EndorsedQuote, simulated: boolean): Trust {
  const root = simulated ? ownRoot(quote) : undefined
  return {
    lock: undefined,
    policy: {
      version: 1,
      revision: 0,
      platforms: ['snp', 'tdx', 'nitro'],
      snp: SNP,
      tdx: tdxPolicy(quote.tee === 'tdx' && quote.endorsements !== undefined),
      eventLog: 'unchecked',
      nitro: NITRO,
      roots: 'built-in',
      dangerouslyTrustSimulatedRoots: root === undefined ? [] : [digestUri(root)],
      origins: 'unchecked',
      grade: 'signed',
      live: { maxAgeSeconds: 86_400, channel: 'unchecked' },
      audit: { time: 'unchecked', witnesses: 'unchecked' },
      measurements: 'unchecked',
      models: 'unchecked',
      dependencies: 'unchecked',
      engines: 'unchecked',
      upstreams: ['embedded', 'local', 'remote'],
      disclosures: ['response'],
      transforms: 'unchecked',
      revocations: 'unchecked',
      lockApproval: 'unchecked',
    },
  }
}
