/** POLICY: what the owner of a guest allowed the host to do with it. AMD 56860, Guest Policy. @module */

/** The 64 bits, named as in the firmware ABI. */
export interface GuestPolicy {
  readonly abiMinor: number
  readonly abiMajor: number
  readonly smt: boolean
  readonly migrateMa: boolean
  /** The host may decrypt the guest's memory. */
  readonly debug: boolean
  readonly singleSocket: boolean
  readonly cxlAllow: boolean
  readonly memAes256Xts: boolean
  readonly raplDis: boolean
  readonly ciphertextHidingDram: boolean
  readonly pageSwapDisable: boolean
  /** Bit 17 is one and bits 26 to 63 are zero, as the ABI asks. */
  readonly reservedAsDue: boolean
}

const FIRST_RESERVED = 26n

/** @param policy the eight octets as one little-endian number */
export function decodeGuestPolicy(policy: bigint): GuestPolicy {
  const bit = (index: bigint): boolean => ((policy >> index) & 1n) === 1n
  return {
    abiMinor: Number(policy & 0xffn),
    abiMajor: Number((policy >> 8n) & 0xffn),
    smt: bit(16n),
    migrateMa: bit(18n),
    debug: bit(19n),
    singleSocket: bit(20n),
    cxlAllow: bit(21n),
    memAes256Xts: bit(22n),
    raplDis: bit(23n),
    ciphertextHidingDram: bit(24n),
    pageSwapDisable: bit(25n),
    reservedAsDue: bit(17n) && policy >> FIRST_RESERVED === 0n,
  }
}
