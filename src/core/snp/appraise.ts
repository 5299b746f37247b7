/** Compares an authentic report with a policy. Called by {@link verifySnpReport} once the signature stands. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { SnpCheck } from './checks.ts'
import { decodeGuestPolicy } from './guest-policy.ts'
import { decodePlatformInfo } from './platform-info.ts'
import type { SnpPolicy, TcbFloors } from './policy.ts'
import type { SnpProduct } from './product.ts'
import type { SnpReport } from './report.ts'
import { decodeTcb, firstBelow, formatTcb, type Tcb } from './tcb.ts'

/** POLICY and VMPL: what the host may do with the guest, and who in the guest asked. */
export function appraiseGuestPolicy(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  const guest = decodeGuestPolicy(report.policy)
  const hex = `POLICY 0x${report.policy.toString(16)}`
  check.that('debug', !guest.debug, 'SNP_DEBUG_ALLOWED', { pass: 'off', fail: `${hex} has bit 19, DEBUG` })
  check.that('migration', !guest.migrateMa, 'SNP_MIGRATION_ALLOWED', {
    pass: 'off',
    fail: `${hex} has bit 18, MIGRATE_MA`,
  })
  check.that('policy-reserved', guest.reservedAsDue, 'SNP_POLICY_RESERVED', {
    pass: hex,
    fail: `${hex}: bit 17 must be one, bits 26 to 63 zero`,
  })
  const smt = guest.smt ? 'allowed' : 'not allowed'
  if (policy.smt === 'unchecked') check.unchecked('smt', `${smt}; policy: unchecked`)
  else check.that('smt', !guest.smt, 'SNP_SMT', { pass: smt, fail: `${hex} has bit 16, SMT` })
  const missing = missingOf([
    ['CXL_ALLOW = 0', policy.cxl, !guest.cxlAllow],
    ['SINGLE_SOCKET', policy.singleSocket, guest.singleSocket],
    ['MEM_AES_256_XTS', policy.memAes256Xts, guest.memAes256Xts],
    ['RAPL_DIS', policy.raplDisabled, guest.raplDis],
    ['CIPHERTEXT_HIDING_DRAM', policy.ciphertextHidingDram, guest.ciphertextHidingDram],
    ['PAGE_SWAP_DISABLE', policy.pageSwapDisabled, guest.pageSwapDisable],
  ])
  check.that('guest-protections', missing === '', 'SNP_POLICY_WEAK', { pass: hex, fail: `${hex} lacks ${missing}` })
  // A report asked for by a less privileged level speaks for other code than the workload.
  check.that('vmpl', policy.vmpls.includes(report.vmpl), 'SNP_VMPL', {
    pass: `VMPL ${report.vmpl}`,
    fail: `VMPL ${report.vmpl}, policy lists ${policy.vmpls.join(', ')}`,
  })
}

/** PLATFORM_INFO and, where a list is given, the chip. */
export function appraisePlatform(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  const info = decodePlatformInfo(report.platformInfo)
  const hex = `PLATFORM_INFO 0x${report.platformInfo.toString(16)}`
  const wanted = policy.platformInfo
  const missing = missingOf([
    ['ALIAS_CHECK_COMPLETE', wanted.aliasCheckComplete, info.aliasCheckComplete],
    ['ECC_EN', wanted.ecc, info.eccEn],
    ['TSME_EN', wanted.tsme, info.tsmeEn],
    ['SMT_EN = 0', wanted.smt, !info.smtEn],
    ['RAPL_DIS', wanted.raplDisabled, info.raplDis],
    ['CIPHERTEXT_HIDING_DRAM_EN', wanted.ciphertextHidingDram, info.ciphertextHidingDramEn],
  ])
  const unknown = info.unknown === 0n ? '' : `, bits without a name 0x${info.unknown.toString(16)}`
  check.that('platform-info', missing === '', 'SNP_PLATFORM_INFO', {
    pass: `${hex}${unknown}`,
    fail: `${hex} lacks ${missing}`,
  })
  checkListed(check, 'chip-allowed', 'PLATFORM_DENIED', { seen: report.chipId, wanted: policy.chipIds })
}

/** Firmware levels: reported, launch and committed against floors; current against committed. */
export function appraiseTcb(check: Checker<SnpCheck>, report: SnpReport, product: SnpProduct, policy: SnpPolicy): void {
  const { reported, current, committed, launch } = check.decode('tcb-levels', () => ({
    reported: decodeTcb(report.reportedTcb, product),
    current: decodeTcb(report.currentTcb, product),
    committed: decodeTcb(report.committedTcb, product),
    launch: decodeTcb(report.launchTcb, product),
  }))
  const ahead = firstBelow(current, reported) ?? firstBelow(current, committed)
  check.that('tcb-levels', ahead === undefined, 'SNP_TCB_TOO_OLD', {
    pass: `reported ${formatTcb(reported)}`,
    fail: `${ahead}: the firmware that runs (${formatTcb(current)}) is behind what is reported (${formatTcb(reported)}) or committed (${formatTcb(committed)})`,
  })
  const provisional = firstBelow(committed, current)
  const details = `current ${formatTcb(current)}; committed ${formatTcb(committed)}`
  check.that(
    'tcb-provisional',
    provisional === undefined || policy.provisionalFirmware === 'allowed',
    'SNP_TCB_PROVISIONAL',
    {
      pass: details,
      fail: `${provisional} is not committed: ${details}`,
    },
  )
  checkFloor(check, 'tcb-minimum', { product, level: reported, floors: policy.minimumTcb })
  checkFloor(check, 'tcb-launch', { product, level: launch, floors: policy.minimumLaunchTcb })
  checkFloor(check, 'tcb-committed', { product, level: committed, floors: policy.minimumCommittedTcb })
}

/** What runs in the guest, and under whose name it was launched. */
export function appraiseIdentity(
  check: Checker<SnpCheck>,
  report: SnpReport,
  policy: SnpPolicy,
  measurements: readonly string[] | 'unchecked',
): void {
  checkListed(check, 'measurement', 'MEASUREMENT_MISMATCH', { seen: report.measurement, wanted: measurements })
  checkListed(check, 'host-data', 'SNP_HOSTDATA', { seen: report.hostData, wanted: policy.hostData })
  const { keyInfo } = report
  const rows = [
    ['ID_KEY_DIGEST', policy.idKeyDigests, report.idKeyDigest, true],
    // The digest means something only where an author key signed.
    ['AUTHOR_KEY_DIGEST', policy.authorKeyDigests, report.authorKeyDigest, keyInfo.authorKeyEn],
    ['FAMILY_ID', policy.familyIds, report.familyId, true],
    ['IMAGE_ID', policy.imageIds, report.imageId, true],
  ] as const
  const wrong = rows.find(
    ([, wanted, seen, set]) => wanted !== 'unchecked' && !(set && wanted.includes(encodeHex(seen))),
  )
  if (rows.every(([, wanted]) => wanted === 'unchecked')) check.unchecked('id-block')
  else
    check.that('id-block', wrong === undefined, 'SNP_IDKEY', {
      pass: 'as pinned',
      fail: wrong ? `${wrong[0]} ${encodeHex(wrong[2])} is not pinned` : '',
    })
  const { minimumGuestSvn: floor } = policy
  if (floor === 'unchecked') {
    check.unchecked('guest-svn', `${report.guestSvn}; policy: unchecked`)
    return
  }
  check.that('guest-svn', report.guestSvn >= floor, 'SNP_GUEST_SVN', {
    pass: `${report.guestSvn}, at least ${floor}`,
    fail: `${report.guestSvn}, at least ${floor} is due`,
  })
}

/** Names of the demands that are made and not met. */
function missingOf(rows: readonly (readonly [string, 'required' | 'forbidden' | 'unchecked', boolean])[]): string {
  return rows
    .filter(([, demand, met]) => demand !== 'unchecked' && !met)
    .map(([name]) => name)
    .join(', ')
}

function checkListed(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  code: 'PLATFORM_DENIED' | 'MEASUREMENT_MISMATCH' | 'SNP_HOSTDATA',
  { seen, wanted }: { seen: Uint8Array; wanted: readonly string[] | 'unchecked' },
): void {
  const hex = encodeHex(seen)
  if (wanted === 'unchecked') {
    check.unchecked(name, `${hex}; unchecked`)
    return
  }
  const count = wanted.length === 1 ? wanted[0] : `one of ${wanted.length}`
  check.that(name, wanted.includes(hex), code, { pass: hex, fail: `${hex}, ${count} is due` })
}

function checkFloor(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  { product, level, floors }: { product: SnpProduct; level: Tcb; floors: TcbFloors },
): void {
  if (floors === 'unchecked') {
    check.unchecked(name, `${formatTcb(level)}; policy: unchecked`)
    return
  }
  const floor = floors[product]
  if (floor === undefined) check.fail(name, 'POLICY_INCOMPLETE', `the policy has no minimum for ${product}`)
  const below = firstBelow(level, floor)
  check.that(name, below === undefined, 'SNP_TCB_TOO_OLD', {
    pass: `${formatTcb(level)}; at least ${formatTcb(floor)}`,
    fail: `${below} is too old: ${formatTcb(level)}; at least ${formatTcb(floor)} is due`,
  })
}
