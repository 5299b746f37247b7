/** PLATFORM_INFO: how the host's firmware is set up. specs/sev-snp.md section 3. @module */

/** Unknown bits are shown, not refused: genuine Turin sets bit 6, and each bit so far says that a protection is on. */
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
