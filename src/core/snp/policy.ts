/** What a verifier demands of SEV-SNP evidence. Every field is required; to leave a check out is spelled `"unchecked"`. @module */
import type { SnpSignerKind } from './endorsements.ts'
import type { PlatformBit } from './platform-info.ts'
import type { SnpProduct } from './product.ts'
import type { FirmwareVersion } from './report.ts'
import type { Tcb } from './tcb.ts'

/**
 * Debugging is not in here: a guest that allows it is never accepted.
 *
 * What go-sev-guest can ask for, and how it is spelled here. Of `validate.Options`:
 *
 * | option | here |
 * | --- | --- |
 * | GuestPolicy (a maximum) | `minimumAbi`, `smt`, `migration`, `singleSocket`, and the bits that it does not know: `cxl`, `memAes256Xts`, … |
 * | MinimumGuestSvn | `minimumGuestSvn` |
 * | ReportData, Measurement | of one judgement, not of a policy: `SnpExpectations` |
 * | HostData, FamilyID, ImageID, ReportID, ReportIDMA, ChipID | lists of each |
 * | MinimumBuild, MinimumVersion | `minimumFirmware`, and the same of the committed firmware |
 * | MinimumTCB, MinimumLaunchTCB | by product, since levels of two products do not compare |
 * | PermitProvisionalFirmware | `provisionalFirmware` |
 * | PlatformInfo (a maximum) | `platformInfo.allowed`, `platformInfo.unknownBits`; what must be set is asked for beside them |
 * | RequireAuthorKey | `authorKey` |
 * | RequireIDBlock, TrustedIDKeys, TrustedIDKeyHashes | `idKeyDigests`: a listed digest is there only behind an ID block |
 * | TrustedAuthorKeys, TrustedAuthorKeyHashes | `authorKeyDigests`; with `idKeyDigests` unchecked any ID key of that author passes |
 * | VMPL | `vmpls` |
 * | MinimumLaunchMitigationVector, MinimumCurrentMitigationVector | `minimumLaunchMitigations`, `minimumCurrentMitigations` |
 * | CertTableOptions | nothing: entries beside the chain are the host's word, nothing authenticates them, so no demand on them means anything |
 *
 * Of `verify.Options`: CheckRevocations is `revocation`, Product is `products`, TrustedRoots and Now are in `SnpExpectations`;
 * DisableCertFetching and Getter have no counterpart, as nothing here fetches.
 */
export interface SnpPolicy {
  readonly products: readonly SnpProduct[]
  /** Product lines that are refused, whatever else is listed. */
  readonly deniedProducts: readonly SnpProduct[] | 'unchecked'
  readonly reportVersions: readonly number[]
  /** Kinds of key that may sign a report. */
  readonly signerKinds: readonly SnpSignerKind[]
  /** Cloud providers whose VLEKs count, as their certificates name them. A VCEK names none. */
  readonly cspIds: readonly string[] | 'unchecked'
  /** Chips (CHIP_ID, 128 lower-case hex digits) that may answer. A VLEK proves no chip, so none of its reports passes a list. */
  readonly chipIds: readonly string[] | 'unchecked'
  /** Chips that may not. */
  readonly deniedChipIds: readonly string[] | 'unchecked'
  readonly vmpls: readonly number[]
  /** What the guest's POLICY must say. */
  readonly migration: 'forbidden'
  readonly smt: 'forbidden' | 'unchecked'
  readonly cxl: 'forbidden' | 'unchecked'
  readonly singleSocket: Demand
  readonly memAes256Xts: Demand
  readonly raplDisabled: Demand
  readonly ciphertextHidingDram: Demand
  readonly pageSwapDisabled: Demand
  /** Floor for the firmware ABI that the guest's POLICY asks for. */
  readonly minimumAbi: Pick<FirmwareVersion, 'major' | 'minor'> | 'unchecked'
  /** What the host's PLATFORM_INFO must say. */
  readonly platformInfo: PlatformDemands
  /** Floors for REPORTED_TCB, LAUNCH_TCB and COMMITTED_TCB, one for each product in `products`. */
  readonly minimumTcb: TcbFloors
  readonly minimumLaunchTcb: TcbFloors
  readonly minimumCommittedTcb: TcbFloors
  /** Whether the host may run firmware that it can still roll back: CURRENT_TCB or its version above the committed one. */
  readonly provisionalFirmware: 'forbidden' | 'allowed'
  /** Floors for the firmware that runs and the one that is committed; version and build each for itself, as go-sev-guest compares. */
  readonly minimumFirmware: FirmwareVersion | 'unchecked'
  readonly minimumCommittedFirmware: FirmwareVersion | 'unchecked'
  /** Bits that LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR must hold, 16 lower-case hex digits. Reports have them from version 5. */
  readonly minimumLaunchMitigations: string | 'unchecked'
  readonly minimumCurrentMitigations: string | 'unchecked'
  readonly minimumGuestSvn: number | 'unchecked'
  /** Lower-case hex, any of them. */
  readonly hostData: readonly string[] | 'unchecked'
  readonly idKeyDigests: readonly string[] | 'unchecked'
  readonly authorKeyDigests: readonly string[] | 'unchecked'
  /** Whether an author key must have signed the ID key, be its digest listed or not. */
  readonly authorKey: Demand
  readonly familyIds: readonly string[] | 'unchecked'
  readonly imageIds: readonly string[] | 'unchecked'
  /** Single guests, and migration agents. */
  readonly reportIds: readonly string[] | 'unchecked'
  readonly reportIdMas: readonly string[] | 'unchecked'
  /** Whether AMD's revocation lists must cover the issuer of the signing key. They come with the endorsements. */
  readonly revocation: 'required' | 'unchecked'
}

export interface PlatformDemands {
  readonly aliasCheckComplete: Demand
  readonly ecc: Demand
  readonly tsme: Demand
  readonly smt: 'forbidden' | 'unchecked'
  readonly raplDisabled: Demand
  readonly ciphertextHidingDram: Demand
  /** Bits that may be set; any other with a name is refused. */
  readonly allowed: readonly PlatformBit[] | 'unchecked'
  /** Bits without a name here. Genuine Turin sets bit 6. */
  readonly unknownBits: 'refused' | 'reported'
}

export type Demand = 'required' | 'unchecked'
export type TcbFloors = Readonly<Partial<Record<SnpProduct, Tcb>>> | 'unchecked'
