/** Compares what an authentic report says of the machine with a policy: PLATFORM_INFO and mitigations. Firmware levels stand apart. @module */
import type { Checker } from '../verdict.ts'
import type { SnpCheck } from './checks.ts'
import { checkDemands } from './demands.ts'
import { decodeGuestPolicy } from './guest-policy.ts'
import { decodePlatformInfo, type PlatformInfo, platformBitsOf } from './platform-info.ts'
import type { PlatformDemands, SnpPolicy } from './policy.ts'
import type { SnpReport } from './report.ts'

/** PLATFORM_INFO: what must be set, what may be set, and whether it fits what the guest was promised. */
export function appraisePlatform(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  const info = decodePlatformInfo(report.platformInfo)
  const unknown = info.unknown === 0n ? '' : `, bits without a name 0x${info.unknown.toString(16)}`
  const seen = `PLATFORM_INFO 0x${report.platformInfo.toString(16)}${unknown}`
  const { platformInfo: wanted } = policy
  checkDemands(check, 'platform-info', 'SNP_PLATFORM_INFO', {
    seen,
    rows: [
      ['ALIAS_CHECK_COMPLETE', wanted.aliasCheckComplete, info.aliasCheckComplete],
      ['ECC_EN', wanted.ecc, info.eccEn],
      ['TSME_EN', wanted.tsme, info.tsmeEn],
      ['SMT_EN = 0', wanted.smt, !info.smtEn],
      ['RAPL_DIS', wanted.raplDisabled, info.raplDis],
      ['CIPHERTEXT_HIDING_DRAM_EN', wanted.ciphertextHidingDram, info.ciphertextHidingDramEn],
    ],
  })
  checkBits(check, report.platformInfo, wanted, { seen, unknown: info.unknown })
  checkAgreement(check, report, info, seen)
}

function checkBits(
  check: Checker<SnpCheck>,
  bits: bigint,
  { allowed, unknownBits }: PlatformDemands,
  { seen, unknown }: { seen: string; unknown: bigint },
): void {
  if (allowed === 'unchecked' && unknownBits === 'reported') {
    check.unchecked('platform-bits', `${seen}; policy: unchecked`)
    return
  }
  const surplus =
    allowed === 'unchecked' ? [] : platformBitsOf(bits).filter(([bit]) => !allowed.some((name) => name === bit))
  const passes = surplus.length === 0 && (unknownBits === 'reported' || unknown === 0n)
  check.that('platform-bits', passes, 'SNP_PLATFORM_INFO', {
    seen,
    wanted: `${allowed === 'unchecked' ? 'any bit with a name' : `none but ${allowed.join(', ')}`}; unknown ones ${unknownBits}`,
    ...(surplus.length === 0 ? {} : { fail: `${seen} has ${surplus.map(([, name]) => name).join(', ')}` }),
  })
}

/** Firmware launches no guest whose POLICY its platform cannot keep: a report in which they differ is none of sound firmware. */
function checkAgreement(check: Checker<SnpCheck>, report: SnpReport, info: PlatformInfo, seen: string): void {
  const guest = decodeGuestPolicy(report.policy)
  const broken = [
    ...(!guest.smt && info.smtEn ? ['SMT = 0 while SMT_EN is set'] : []),
    ...(guest.raplDis && !info.raplDis ? ['RAPL_DIS while the platform has RAPL'] : []),
    ...(guest.ciphertextHidingDram && !info.ciphertextHidingDramEn
      ? ['CIPHERTEXT_HIDING_DRAM while the platform hides none']
      : []),
  ]
  check.that('platform-agrees', broken.length === 0, 'SNP_PLATFORM_INFO', {
    seen,
    wanted: 'what POLICY asks for',
    fail: `the guest's POLICY says ${broken.join(', ')}`,
  })
}

/** Vectors of mitigations: all bits that are asked for. A report before version 5 has none and shows none. */
export function appraiseMitigations(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  checkMask(check, 'launch-mitigations', report.launchMitVector, policy.minimumLaunchMitigations)
  checkMask(check, 'current-mitigations', report.currentMitVector, policy.minimumCurrentMitigations)
}

function checkMask(
  check: Checker<SnpCheck>,
  name: 'launch-mitigations' | 'current-mitigations',
  vector: bigint | undefined,
  wanted: string,
): void {
  const seen = vector === undefined ? 'no vector before version 5' : `0x${vector.toString(16)}`
  if (!check.demands(name, wanted, seen)) return
  const mask = BigInt(`0x${wanted}`)
  const missing = mask & ~(vector ?? 0n)
  check.that(name, missing === 0n, 'SNP_MITIGATION', {
    seen,
    wanted: `all bits of 0x${wanted}`,
    fail: `${seen} lacks 0x${missing.toString(16)}`,
  })
}
