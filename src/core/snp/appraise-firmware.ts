/** Firmware levels and versions of an authentic report: among themselves, and against the floors of a policy. @module */
import type { Checker } from '../verdict.ts'
import type { SnpCheck } from './checks.ts'
import type { SnpPolicy, TcbFloors } from './policy.ts'
import type { SnpProduct } from './product.ts'
import type { FirmwareVersion, SnpReport } from './report.ts'
import { decodeTcb, firstBelow, formatTcb, type Tcb } from './tcb.ts'

/** Reported, launch and committed against floors; current against committed. */
export function appraiseFirmware(
  check: Checker<SnpCheck>,
  report: SnpReport,
  product: SnpProduct,
  policy: SnpPolicy,
): void {
  const { reported, current, committed, launch } = check.decode('tcb-levels', () => ({
    reported: decodeTcb(report.reportedTcb, product),
    current: decodeTcb(report.currentTcb, product),
    committed: decodeTcb(report.committedTcb, product),
    launch: decodeTcb(report.launchTcb, product),
  }))
  checkOrder(check, report, { reported, current, committed })
  checkProvisional(check, report, { current, committed }, policy)
  checkFloor(check, 'tcb-minimum', { product, level: reported, floors: policy.minimumTcb })
  checkFloor(check, 'tcb-launch', { product, level: launch, floors: policy.minimumLaunchTcb })
  checkFloor(check, 'tcb-committed', { product, level: committed, floors: policy.minimumCommittedTcb })
  checkVersion(check, 'firmware-minimum', report.current, policy.minimumFirmware)
  checkVersion(check, 'firmware-committed', report.committed, policy.minimumCommittedFirmware)
}

/** A host may report less than it runs, and commit less; never more. */
function checkOrder(
  check: Checker<SnpCheck>,
  report: SnpReport,
  { reported, current, committed }: Readonly<Record<'reported' | 'current' | 'committed', Tcb>>,
): void {
  const behind = firstBelow(current, reported) ?? firstBelow(current, committed)
  const older = order(report.current) < order(report.committed)
  check.that('tcb-levels', behind === undefined && !older, 'SNP_TCB_TOO_OLD', {
    seen: `current ${formatTcb(current)}, firmware ${formatFirmware(report.current)}`,
    wanted: `at least reported ${formatTcb(reported)}, committed ${formatTcb(committed)}, firmware ${formatFirmware(report.committed)}`,
  })
}

function checkProvisional(
  check: Checker<SnpCheck>,
  report: SnpReport,
  { current, committed }: { current: Tcb; committed: Tcb },
  { provisionalFirmware }: SnpPolicy,
): void {
  const settled = firstBelow(committed, current) === undefined && order(report.committed) === order(report.current)
  const seen = `committed ${formatTcb(committed)}, firmware ${formatFirmware(report.committed)}`
  if (provisionalFirmware === 'allowed') {
    check.unchecked('tcb-provisional', `${settled ? 'all is committed' : seen}; policy: allowed`)
    return
  }
  check.that('tcb-provisional', settled, 'SNP_TCB_PROVISIONAL', {
    seen,
    wanted: `current ${formatTcb(current)}, firmware ${formatFirmware(report.current)}`,
  })
}

function checkFloor(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  { product, level, floors }: { product: SnpProduct; level: Tcb; floors: TcbFloors },
): void {
  if (!check.demands(name, floors, formatTcb(level))) return
  const floor = floors[product]
  if (floor === undefined) check.fail(name, 'POLICY_INCOMPLETE', `the policy has no minimum for ${product}`)
  const below = firstBelow(level, floor)
  const seen = formatTcb(level)
  const wanted = `at least ${formatTcb(floor)}`
  check.that(name, below === undefined, 'SNP_TCB_TOO_OLD', {
    seen,
    wanted,
    fail: `${below} is too old: ${seen}; ${wanted} is due`,
  })
}

/** Version and build each for itself: builds are counted within a version, and a policy that means one version names it. */
function checkVersion(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  seen: FirmwareVersion,
  floor: FirmwareVersion | 'unchecked',
): void {
  if (!check.demands(name, floor, formatFirmware(seen))) return
  const newEnough = order({ ...seen, build: 0 }) >= order({ ...floor, build: 0 }) && seen.build >= floor.build
  check.that(name, newEnough, 'SNP_TCB_TOO_OLD', {
    seen: formatFirmware(seen),
    wanted: `version at least ${floor.major}.${floor.minor}, build at least ${floor.build}`,
  })
}

/** One number that orders versions: each part is one octet. */
function order({ major, minor, build }: FirmwareVersion): number {
  return (major << 16) | (minor << 8) | build
}

function formatFirmware({ major, minor, build }: FirmwareVersion): string {
  return `${major}.${minor}.${build}`
}
