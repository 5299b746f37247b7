/** Decodes the `snp` section of a policy from JSON: complete, known and well-formed, or refused. @module */
import type { JsonValue } from '../encoding/json.ts'
import { distinct, hexList, listOf, POLICY_CODES } from '../encoding/policy-lists.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { SNP_SIGNER_KINDS } from './endorsements.ts'
import { PLATFORM_BITS } from './platform-info.ts'
import type { Demand, PlatformDemands, SnpPolicy, TcbFloors } from './policy.ts'
import { SNP_PRODUCTS, type SnpProduct } from './product.ts'
import { type FirmwareVersion, SNP_REPORT_VERSIONS } from './report.ts'
import type { Tcb } from './tcb.ts'

const DEMANDS = ['required', 'unchecked'] as const
const FORBIDDEN = ['forbidden', 'unchecked'] as const
const VMPLS = [0, 1, 2, 3] as const
const CHIP_ID_SIZE = 64
const MAX_OCTET = 255
/** Visible ASCII and spaces, as names in certificates have them; `*` would look like a wildcard and is none. */
const CSP_ID = /^[ -)+-~]{1,256}$/
const MITIGATIONS = /^[0-9a-f]{16}$/

/**
 * Decodes the `snp` part of a policy.
 * @param value from a file; or a policy made by hand, in which a field that is absent or of another form must not mean unchecked
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID (empty lists and masks are invalid)
 */
export function decodeSnpPolicy(value: JsonValue | SnpPolicy): SnpPolicy {
  const reader = new ObjectReader(value, 'policy.snp', POLICY_CODES)
  const products = listOf(reader, 'products', SNP_PRODUCTS)
  const policy: SnpPolicy = {
    products,
    deniedProducts: reader.unlessUnchecked('deniedProducts', () => listOf(reader, 'deniedProducts', SNP_PRODUCTS)),
    reportVersions: listOf(reader, 'reportVersions', SNP_REPORT_VERSIONS),
    signerKinds: listOf(reader, 'signerKinds', SNP_SIGNER_KINDS),
    cspIds: reader.unlessUnchecked('cspIds', () => distinct(reader, 'cspIds', reader.strings('cspIds', CSP_ID))),
    chipIds: hexList(reader, 'chipIds', CHIP_ID_SIZE),
    deniedChipIds: hexList(reader, 'deniedChipIds', CHIP_ID_SIZE),
    vmpls: listOf(reader, 'vmpls', VMPLS),
    ...decodeGuestDemands(reader),
    platformInfo: reader.object('platformInfo').whole(decodePlatformDemands),
    ...decodeFirmwareDemands(reader, products),
    ...decodeIdentityDemands(reader),
    revocation: reader.oneOf('revocation', DEMANDS),
  }
  reader.end()
  return policy
}

type GuestDemands = Pick<
  SnpPolicy,
  | 'migration'
  | 'smt'
  | 'cxl'
  | 'singleSocket'
  | 'memAes256Xts'
  | 'raplDisabled'
  | 'ciphertextHidingDram'
  | 'pageSwapDisabled'
  | 'minimumAbi'
>

function decodeGuestDemands(reader: ObjectReader): GuestDemands {
  const demand = (key: string): Demand => reader.oneOf(key, DEMANDS)
  return {
    migration: reader.oneOf('migration', ['forbidden']),
    smt: reader.oneOf('smt', FORBIDDEN),
    cxl: reader.oneOf('cxl', FORBIDDEN),
    singleSocket: demand('singleSocket'),
    memAes256Xts: demand('memAes256Xts'),
    raplDisabled: demand('raplDisabled'),
    ciphertextHidingDram: demand('ciphertextHidingDram'),
    pageSwapDisabled: demand('pageSwapDisabled'),
    minimumAbi: reader.unlessUnchecked('minimumAbi', () =>
      reader.object('minimumAbi').whole((abi) => ({ major: octet(abi, 'major'), minor: octet(abi, 'minor') })),
    ),
  }
}

function decodePlatformDemands(reader: ObjectReader): PlatformDemands {
  return {
    aliasCheckComplete: reader.oneOf('aliasCheckComplete', DEMANDS),
    ecc: reader.oneOf('ecc', DEMANDS),
    tsme: reader.oneOf('tsme', DEMANDS),
    smt: reader.oneOf('smt', FORBIDDEN),
    raplDisabled: reader.oneOf('raplDisabled', DEMANDS),
    ciphertextHidingDram: reader.oneOf('ciphertextHidingDram', DEMANDS),
    allowed: reader.unlessUnchecked('allowed', () => listOf(reader, 'allowed', PLATFORM_BITS)),
    unknownBits: reader.oneOf('unknownBits', ['refused', 'reported']),
  }
}

type FirmwareDemands = Pick<
  SnpPolicy,
  | 'minimumTcb'
  | 'minimumLaunchTcb'
  | 'minimumCommittedTcb'
  | 'provisionalFirmware'
  | 'minimumFirmware'
  | 'minimumCommittedFirmware'
  | 'minimumLaunchMitigations'
  | 'minimumCurrentMitigations'
>

function decodeFirmwareDemands(reader: ObjectReader, products: readonly SnpProduct[]): FirmwareDemands {
  return {
    minimumTcb: decodeFloors(reader, 'minimumTcb', products),
    minimumLaunchTcb: decodeFloors(reader, 'minimumLaunchTcb', products),
    minimumCommittedTcb: decodeFloors(reader, 'minimumCommittedTcb', products),
    provisionalFirmware: reader.oneOf('provisionalFirmware', ['forbidden', 'allowed']),
    minimumFirmware: decodeFirmware(reader, 'minimumFirmware'),
    minimumCommittedFirmware: decodeFirmware(reader, 'minimumCommittedFirmware'),
    minimumLaunchMitigations: decodeMitigations(reader, 'minimumLaunchMitigations'),
    minimumCurrentMitigations: decodeMitigations(reader, 'minimumCurrentMitigations'),
  }
}

type IdentityDemands = Pick<
  SnpPolicy,
  | 'minimumGuestSvn'
  | 'hostData'
  | 'idKeyDigests'
  | 'authorKeyDigests'
  | 'authorKey'
  | 'familyIds'
  | 'imageIds'
  | 'reportIds'
  | 'reportIdMas'
>

function decodeIdentityDemands(reader: ObjectReader): IdentityDemands {
  return {
    minimumGuestSvn: reader.unlessUnchecked('minimumGuestSvn', () =>
      reader.integer('minimumGuestSvn', { max: 2 ** 32 - 1 }),
    ),
    hostData: hexList(reader, 'hostData', 32),
    idKeyDigests: hexList(reader, 'idKeyDigests', 48),
    authorKeyDigests: hexList(reader, 'authorKeyDigests', 48),
    authorKey: reader.oneOf('authorKey', DEMANDS),
    familyIds: hexList(reader, 'familyIds', 16),
    imageIds: hexList(reader, 'imageIds', 16),
    reportIds: hexList(reader, 'reportIds', 32),
    reportIdMas: hexList(reader, 'reportIdMas', 32),
  }
}

/** Each product that may answer needs its floor: one left out would be a product without any. */
function decodeFloors(reader: ObjectReader, key: string, products: readonly SnpProduct[]): TcbFloors {
  return reader.unlessUnchecked(key, () => {
    const floors = reader.object(key)
    const entries = SNP_PRODUCTS.filter((product) => products.includes(product) || floors.has(product)).map(
      (product) => [product, floors.object(product).whole((floor) => decodeFloor(floor, product))] as const,
    )
    floors.end()
    return Object.fromEntries(entries)
  })
}

function decodeFloor(reader: ObjectReader, product: SnpProduct): Tcb {
  return {
    ...(product === 'Turin' && { fmc: octet(reader, 'fmc') }),
    bootLoader: octet(reader, 'bootLoader'),
    tee: octet(reader, 'tee'),
    snp: octet(reader, 'snp'),
    microcode: octet(reader, 'microcode'),
  }
}

function decodeFirmware(reader: ObjectReader, key: string): FirmwareVersion | 'unchecked' {
  return reader.unlessUnchecked(key, () =>
    reader
      .object(key)
      .whole((floor) => ({ major: octet(floor, 'major'), minor: octet(floor, 'minor'), build: octet(floor, 'build') })),
  )
}

/** A mask without a bit asks for nothing: that is spelled "unchecked". */
function decodeMitigations(reader: ObjectReader, key: string): string {
  return reader.unlessUnchecked(key, () => {
    const mask = reader.string(key, MITIGATIONS)
    if (/^0+$/.test(mask)) throw reader.invalid(key, 'must not be zero: spell "unchecked" to leave the check out')
    return mask
  })
}

function octet(reader: ObjectReader, key: string): number {
  return reader.integer(key, { max: MAX_OCTET })
}
