/** What a verifier demands of SEV-SNP evidence. Every field is required; to leave a check out is spelled `"unchecked"`. @module */
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { SNP_PRODUCTS, type SnpProduct } from './product.ts'
import { SNP_REPORT_VERSIONS } from './report.ts'
import type { Tcb } from './tcb.ts'

/** Debugging is not in here: a guest that allows it is never accepted. */
export interface SnpPolicy {
  readonly products: readonly SnpProduct[]
  readonly reportVersions: readonly number[]
  /** Kinds of key that may sign a report. VLEK reports are not judged yet. */
  readonly signerKinds: readonly 'vcek'[]
  /** Chips (CHIP_ID, 128 lower-case hex digits) that may answer. */
  readonly chipIds: readonly string[] | 'unchecked'
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
  /** What the host's PLATFORM_INFO must say. */
  readonly platformInfo: {
    readonly aliasCheckComplete: Demand
    readonly ecc: Demand
    readonly tsme: Demand
    readonly smt: 'forbidden' | 'unchecked'
    readonly raplDisabled: Demand
    readonly ciphertextHidingDram: Demand
  }
  /** Floors for REPORTED_TCB, LAUNCH_TCB and COMMITTED_TCB, one for each product in `products`. */
  readonly minimumTcb: TcbFloors
  readonly minimumLaunchTcb: TcbFloors
  readonly minimumCommittedTcb: TcbFloors
  /** Whether the host may run firmware that it can still roll back (CURRENT_TCB above COMMITTED_TCB). */
  readonly provisionalFirmware: 'forbidden' | 'allowed'
  readonly minimumGuestSvn: number | 'unchecked'
  /** Lower-case hex, any of them. */
  readonly hostData: readonly string[] | 'unchecked'
  readonly idKeyDigests: readonly string[] | 'unchecked'
  readonly authorKeyDigests: readonly string[] | 'unchecked'
  readonly familyIds: readonly string[] | 'unchecked'
  readonly imageIds: readonly string[] | 'unchecked'
  /** AMD's revocation lists are not judged yet. */
  readonly revocation: 'unchecked'
}

export type Demand = 'required' | 'unchecked'
export type TcbFloors = Readonly<Partial<Record<SnpProduct, Tcb>>> | 'unchecked'

const CODES: ShapeCodes = { missing: 'POLICY_INCOMPLETE', unknown: 'POLICY_UNKNOWN_KEY', invalid: 'POLICY_INVALID' }
const DEMANDS = ['required', 'unchecked'] as const
const FORBIDDEN = ['forbidden', 'unchecked'] as const
const CHIP_ID_SIZE = 64
const MAX_LEVEL = 255

/**
 * Decodes the `snp` part of a policy.
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID (empty lists are invalid)
 */
export function decodeSnpPolicy(value: JsonValue): SnpPolicy {
  const reader = new ObjectReader(value, 'policy.snp', CODES)
  const demand = (key: string): Demand => reader.oneOf(key, DEMANDS)
  const products = list(reader, 'products', (item) => SNP_PRODUCTS.find((product) => product === item))
  const policy: SnpPolicy = {
    products,
    reportVersions: list(reader, 'reportVersions', (item) => SNP_REPORT_VERSIONS.find((version) => version === item)),
    signerKinds: list(reader, 'signerKinds', (item) => (item === 'vcek' ? 'vcek' : undefined)),
    chipIds: hexList(reader, 'chipIds', CHIP_ID_SIZE),
    vmpls: list(reader, 'vmpls', (item) => [0, 1, 2, 3].find((vmpl) => vmpl === item)),
    migration: reader.oneOf('migration', ['forbidden']),
    smt: reader.oneOf('smt', FORBIDDEN),
    cxl: reader.oneOf('cxl', FORBIDDEN),
    singleSocket: demand('singleSocket'),
    memAes256Xts: demand('memAes256Xts'),
    raplDisabled: demand('raplDisabled'),
    ciphertextHidingDram: demand('ciphertextHidingDram'),
    pageSwapDisabled: demand('pageSwapDisabled'),
    platformInfo: decodePlatformDemands(reader.object('platformInfo')),
    minimumTcb: decodeFloors(reader, 'minimumTcb', products),
    minimumLaunchTcb: decodeFloors(reader, 'minimumLaunchTcb', products),
    minimumCommittedTcb: decodeFloors(reader, 'minimumCommittedTcb', products),
    provisionalFirmware: reader.oneOf('provisionalFirmware', ['forbidden', 'allowed']),
    minimumGuestSvn: reader.unlessUnchecked('minimumGuestSvn', () =>
      reader.integer('minimumGuestSvn', { max: 2 ** 32 - 1 }),
    ),
    hostData: hexList(reader, 'hostData', 32),
    idKeyDigests: hexList(reader, 'idKeyDigests', 48),
    authorKeyDigests: hexList(reader, 'authorKeyDigests', 48),
    familyIds: hexList(reader, 'familyIds', 16),
    imageIds: hexList(reader, 'imageIds', 16),
    revocation: reader.oneOf('revocation', ['unchecked']),
  }
  reader.end()
  return policy
}

function decodePlatformDemands(reader: ObjectReader): SnpPolicy['platformInfo'] {
  const demands = {
    aliasCheckComplete: reader.oneOf('aliasCheckComplete', DEMANDS),
    ecc: reader.oneOf('ecc', DEMANDS),
    tsme: reader.oneOf('tsme', DEMANDS),
    smt: reader.oneOf('smt', FORBIDDEN),
    raplDisabled: reader.oneOf('raplDisabled', DEMANDS),
    ciphertextHidingDram: reader.oneOf('ciphertextHidingDram', DEMANDS),
  }
  reader.end()
  return demands
}

/** Each product that may answer needs its floor: one left out would be a product without any. */
function decodeFloors(reader: ObjectReader, key: string, products: readonly SnpProduct[]): TcbFloors {
  return reader.unlessUnchecked(key, () => {
    const floors = reader.object(key)
    const entries = SNP_PRODUCTS.filter((product) => products.includes(product) || floors.has(product)).map(
      (product) => [product, decodeFloor(floors.object(product), product)] as const,
    )
    floors.end()
    return Object.fromEntries(entries)
  })
}

function decodeFloor(reader: ObjectReader, product: SnpProduct): Tcb {
  const level = (key: string): number => reader.integer(key, { max: MAX_LEVEL })
  const floor = {
    ...(product === 'Turin' && { fmc: level('fmc') }),
    bootLoader: level('bootLoader'),
    tee: level('tee'),
    snp: level('snp'),
    microcode: level('microcode'),
  }
  reader.end()
  return floor
}

function list<T>(reader: ObjectReader, key: string, read: (item: JsonValue) => T | undefined): readonly T[] {
  const items = reader.array(key).map((item) => {
    const value = read(item)
    if (value === undefined) throw reader.invalid(key, `must not hold ${JSON.stringify(item)}`)
    return value
  })
  return distinct(reader, key, items)
}

function hexList(reader: ObjectReader, key: string, size: number): readonly string[] | 'unchecked' {
  const form = new RegExp(`^[0-9a-f]{${2 * size}}$`)
  return reader.unlessUnchecked(key, () => distinct(reader, key, reader.strings(key, form)))
}

function distinct<T>(reader: ObjectReader, key: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw reader.invalid(key, 'must not be empty: spell "unchecked" to leave the check out')
  if (new Set(items).size !== items.length) throw reader.invalid(key, 'must not name one thing twice')
  return items
}
