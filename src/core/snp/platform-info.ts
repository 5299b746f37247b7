/** PLATFORM_INFO: how the host's firmware is set up. Bits and their names alone; a policy says which of them count. @module */

/** The bits with a name, in their order, and how the firmware ABI spells them. */
const BITS = {
  smt: [0n, 'SMT_EN'],
  tsme: [1n, 'TSME_EN'],
  ecc: [2n, 'ECC_EN'],
  raplDisabled: [3n, 'RAPL_DIS'],
  ciphertextHidingDram: [4n, 'CIPHERTEXT_HIDING_DRAM_EN'],
  aliasCheckComplete: [5n, 'ALIAS_CHECK_COMPLETE'],
  sevTio: [7n, 'SEV_TIO_EN'],
} as const

/** A bit by its name in a policy. */
export type PlatformBit = keyof typeof BITS

export const PLATFORM_BITS: readonly PlatformBit[] = [
  'smt',
  'tsme',
  'ecc',
  'raplDisabled',
  'ciphertextHidingDram',
  'aliasCheckComplete',
  'sevTio',
]

export interface PlatformInfo {
  readonly smtEn: boolean
  readonly tsmeEn: boolean
  readonly eccEn: boolean
  readonly raplDis: boolean
  readonly ciphertextHidingDramEn: boolean
  /** Memory modules were checked for aliases: the answer to BadRAM (AMD-SB-3015). */
  readonly aliasCheckComplete: boolean
  readonly sevTioEn: boolean
  /** Bits without a name here. */
  readonly unknown: bigint
}

const KNOWN = 0b1011_1111n

/** @param info the eight octets as one little-endian number */
export function decodePlatformInfo(info: bigint): PlatformInfo {
  const bit = (index: bigint): boolean => ((info >> index) & 1n) === 1n
  return {
    smtEn: bit(0n),
    tsmeEn: bit(1n),
    eccEn: bit(2n),
    raplDis: bit(3n),
    ciphertextHidingDramEn: bit(4n),
    aliasCheckComplete: bit(5n),
    sevTioEn: bit(7n),
    unknown: info & ~KNOWN,
  }
}

/** Names of the bits that are set, as the firmware ABI spells them. */
export function platformBitsOf(info: bigint): readonly (readonly [PlatformBit, string])[] {
  return PLATFORM_BITS.filter((name) => ((info >> BITS[name][0]) & 1n) === 1n).map((name) => [name, BITS[name][1]])
}
