/** Compares what an authentic report says of the guest with a policy: its POLICY, who asked, what runs, under whose name. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { SnpCheck } from './checks.ts'
import { checkDemands, checkListed } from './demands.ts'
import { decodeGuestPolicy, type GuestPolicy } from './guest-policy.ts'
import type { SnpPolicy } from './policy.ts'
import type { SnpReport } from './report.ts'

/** POLICY and VMPL: what the host may do with the guest, and who in the guest asked. */
export function appraiseGuestPolicy(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  const guest = decodeGuestPolicy(report.policy)
  const seen = `POLICY 0x${report.policy.toString(16)}`
  check.that('debug', !guest.debug, 'SNP_DEBUG_ALLOWED', { seen, wanted: 'bit 19, DEBUG, zero' })
  check.that('migration', !guest.migrateMa, 'SNP_MIGRATION_ALLOWED', { seen, wanted: 'bit 18, MIGRATE_MA, zero' })
  check.that('policy-reserved', guest.reservedAsDue, 'SNP_POLICY_RESERVED', {
    seen,
    wanted: 'bit 17 one, bits 26 to 63 zero',
  })
  if (check.demands('smt', policy.smt, guest.smt ? 'allowed' : 'not allowed'))
    check.that('smt', !guest.smt, 'SNP_SMT', { seen, wanted: 'bit 16, SMT, zero' })
  checkAbi(check, guest, policy)
  checkDemands(check, 'guest-protections', 'SNP_POLICY_WEAK', {
    seen,
    rows: [
      ['CXL_ALLOW = 0', policy.cxl, !guest.cxlAllow],
      ['SINGLE_SOCKET', policy.singleSocket, guest.singleSocket],
      ['MEM_AES_256_XTS', policy.memAes256Xts, guest.memAes256Xts],
      ['RAPL_DIS', policy.raplDisabled, guest.raplDis],
      ['CIPHERTEXT_HIDING_DRAM', policy.ciphertextHidingDram, guest.ciphertextHidingDram],
      ['PAGE_SWAP_DISABLE', policy.pageSwapDisabled, guest.pageSwapDisable],
    ],
  })
  // A report asked for by a less privileged level speaks for other code than the workload.
  check.that('vmpl', policy.vmpls.includes(report.vmpl), 'SNP_VMPL', {
    seen: `VMPL ${report.vmpl}`,
    wanted: policy.vmpls.join(' or '),
  })
}

/** Firmware refuses to launch a guest that asks for a newer ABI than its own: the guest's floor outlives a change of hosts. */
function checkAbi(check: Checker<SnpCheck>, { abiMajor, abiMinor }: GuestPolicy, { minimumAbi }: SnpPolicy): void {
  const seen = `ABI ${abiMajor}.${abiMinor}`
  if (!check.demands('abi', minimumAbi, seen)) return
  const { major, minor } = minimumAbi
  check.that('abi', abiMajor > major || (abiMajor === major && abiMinor >= minor), 'SNP_POLICY_WEAK', {
    seen,
    wanted: `at least ${major}.${minor}`,
  })
}

/** What runs in the guest, and under whose name it was launched. */
export function appraiseIdentity(
  check: Checker<SnpCheck>,
  report: SnpReport,
  policy: SnpPolicy,
  measurements: readonly string[] | 'unchecked',
): void {
  checkListed(check, 'measurement', 'MEASUREMENT_MISMATCH', { value: report.measurement, wanted: measurements })
  checkListed(check, 'host-data', 'SNP_HOSTDATA', { value: report.hostData, wanted: policy.hostData })
  checkIdBlock(check, report, policy)
  const { authorKeyEn } = report.keyInfo
  const author = authorKeyEn ? 'an author key signed' : 'no author key signed'
  if (check.demands('author-key', policy.authorKey, author))
    check.that('author-key', authorKeyEn, 'SNP_IDKEY', { seen: author, wanted: 'AUTHOR_KEY_EN' })
  const { minimumGuestSvn: floor } = policy
  if (check.demands('guest-svn', floor, report.guestSvn))
    check.that('guest-svn', report.guestSvn >= floor, 'SNP_GUEST_SVN', {
      seen: `${report.guestSvn}`,
      wanted: `at least ${floor}`,
    })
  checkPins(check, 'report-id', 'SNP_REPORT_ID', [
    ['REPORT_ID', policy.reportIds, report.reportId],
    ['REPORT_ID_MA', policy.reportIdMas, report.reportIdMa],
  ])
}

function checkIdBlock(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  checkPins(check, 'id-block', 'SNP_IDKEY', [
    ['ID_KEY_DIGEST', policy.idKeyDigests, report.idKeyDigest],
    // The digest means something only where an author key signed.
    ['AUTHOR_KEY_DIGEST', policy.authorKeyDigests, report.keyInfo.authorKeyEn ? report.authorKeyDigest : undefined],
    ['FAMILY_ID', policy.familyIds, report.familyId],
    ['IMAGE_ID', policy.imageIds, report.imageId],
  ])
}

type Pin = readonly [name: string, wanted: readonly string[] | 'unchecked', value: Uint8Array | undefined]

/** Several fields of one meaning: each that is pinned must be one of its pins. */
function checkPins(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  code: 'SNP_IDKEY' | 'SNP_REPORT_ID',
  pins: readonly Pin[],
): void {
  const pinned = pins.filter(([, wanted]) => wanted !== 'unchecked')
  if (pinned.length === 0) {
    check.unchecked(name)
    return
  }
  const seen = pinned.map(([field, wanted, value]) => ({
    field,
    wanted,
    hex: value === undefined ? 'absent' : encodeHex(value),
  }))
  const wrong = seen.find(({ wanted, hex }) => !wanted.includes(hex))
  check.that(name, wrong === undefined, code, {
    seen: (wrong ? [wrong] : seen).map(({ field, hex }) => `${field} ${hex}`).join(', '),
    wanted: wrong && wrong.wanted !== 'unchecked' ? wrong.wanted.join(' or ') : 'as pinned',
  })
}
