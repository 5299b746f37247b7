/** TDATTRIBUTES and XFAM: what the host may do with a trust domain, and which extended features it has. @module */

/** Attributes outside the TUD octet that a policy may allow. SEPT_VE_DISABLE is a protection and has a demand of its own. */
export const TD_ATTRIBUTE_NAMES = ['LASS', 'MIGRATABLE', 'PKS', 'KL', 'TPA', 'PERFMON'] as const
export type TdAttributeName = (typeof TD_ATTRIBUTE_NAMES)[number]

const BITS: Readonly<Record<TdAttributeName, bigint>> = {
  LASS: 27n,
  MIGRATABLE: 29n,
  PKS: 30n,
  KL: 31n,
  TPA: 62n,
  PERFMON: 63n,
}
const SEPT_VE_DISABLE = 28n
const TUD = 0xffn
const KNOWN = Object.values(BITS).reduce((mask, bit) => mask | (1n << bit), TUD | (1n << SEPT_VE_DISABLE))

export interface TdAttributes {
  /** Bits 0 to 7, debugging and profiling: any of them makes the trust domain untrusted. */
  readonly untrusted: boolean
  readonly septVeDisable: boolean
  /** Those of the named attributes that are set. */
  readonly names: readonly TdAttributeName[]
  /** Bits without a name here; zero as it is due. */
  readonly reserved: bigint
}

/** @param octets eight, little-endian */
export function decodeTdAttributes(octets: Uint8Array): TdAttributes {
  const value = toInteger(octets)
  const has = (bit: bigint): boolean => ((value >> bit) & 1n) === 1n
  return {
    untrusted: (value & TUD) !== 0n,
    septVeDisable: has(SEPT_VE_DISABLE),
    names: TD_ATTRIBUTE_NAMES.filter((name) => has(BITS[name])),
    reserved: value & ~KNOWN,
  }
}

// x87 and SSE are always on; the mask holds every feature that a TDX module lets a trust domain have.
const XFAM_FIXED_ONE = 0x3n
const XFAM_ALLOWED = 0x6dbe7n

/** Whether XFAM has its fixed ones and no bit beyond those that exist. @param octets eight, little-endian */
export function xfamIsPossible(octets: Uint8Array): boolean {
  const value = toInteger(octets)
  return (value & XFAM_FIXED_ONE) === XFAM_FIXED_ONE && (value & ~XFAM_ALLOWED) === 0n
}

function toInteger(octets: Uint8Array): bigint {
  return octets.reduceRight((value, octet) => (value << 8n) | BigInt(octet), 0n)
}
