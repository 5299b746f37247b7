/** The TCB of a trust domain by Intel's documents: platform, module and quoting enclave converged, at launch and now. Pure. @module */
import type { QeIdentity } from './qe-identity.ts'
import type { QeReport } from './qe-report.ts'
import type { MatchedLevel, TcbPass, TdxTcb } from './tcb.ts'
import type { TcbInfo } from './tcb-info.ts'
import {
  findModule,
  matchModuleLevel,
  matchPlatformLevel,
  matchSvnLevel,
  moduleId,
  moduleVersion,
  type PlatformLevels,
} from './tcb-level.ts'
import { type ComponentStatus, convergeStatus, relaunchStatus } from './tcb-status.ts'
import type { TdReport } from './td-report.ts'

/** What the levels of one pass came to, or the demand at which it ended. */
export type PassOutcome =
  | { readonly ok: true; readonly pass: TcbPass }
  | { readonly ok: false; readonly step: 'module-identity' | 'tcb-level' | 'module-tcb'; readonly detail: string }

/** The documents that levels are looked up in, and the enclave's level that was found in them. */
export interface Levels {
  readonly tcbInfo: TcbInfo
  readonly qe: MatchedLevel<ComponentStatus>
}

/** The level of a quoting enclave; undefined where it is below all. */
export function matchQeLevel(identity: QeIdentity, { isvSvn }: QeReport): MatchedLevel<ComponentStatus> | undefined {
  const level = matchSvnLevel(identity.levels, isvSvn)
  return level && matched(level)
}

/** Judges the levels of one pass. Intel QVL, EvaluateTcb. */
export function evaluatePass({ tcbInfo, qe }: Levels, platform: PlatformLevels): PassOutcome {
  const { teeTcbSvn } = platform
  const versioned = moduleVersion(teeTcbSvn) > 0
  const identity = versioned ? findModule(tcbInfo, teeTcbSvn) : undefined
  if (versioned && identity === undefined)
    return { ok: false, step: 'module-identity', detail: `the TCB info lists no module ${moduleId(teeTcbSvn)}` }
  const level = matchPlatformLevel(tcbInfo.levels, platform)
  if (level === undefined)
    return {
      ok: false,
      step: 'tcb-level',
      detail: `none of ${tcbInfo.levels.length} levels is reached by ${formatLevels(platform)}`,
    }
  const moduleLevel = identity && matchModuleLevel(identity, teeTcbSvn)
  if (identity && moduleLevel === undefined)
    return {
      ok: false,
      step: 'module-tcb',
      detail: `module ${identity.id} with SVN ${teeTcbSvn[0]} is below every level`,
    }
  const platformLevel = matched(level)
  const module = identity && moduleLevel && { id: identity.id, ...matched(moduleLevel) }
  const status = convergeStatus(convergeStatus(platformLevel.status, module?.status ?? 'UpToDate'), qe.status)
  return { ok: true, pass: { status, platform: platformLevel, ...(module && { module }), qe } }
}

/** The levels to judge now: those of the module that runs, which TD 1.0 does not tell from those at launch. */
export function currentLevels(launch: PlatformLevels, { teeTcbSvn2 }: Pick<TdReport, 'teeTcbSvn2'>): PlatformLevels {
  return teeTcbSvn2 === undefined ? launch : { ...launch, teeTcbSvn: teeTcbSvn2 }
}

/** Puts both passes together. */
export function summarizeTcb(
  launch: TcbPass,
  current: TcbPass,
): Pick<TdxTcb, 'status' | 'advisoryIds' | 'tcbDate' | 'launch' | 'current'> {
  const levels = [launch, current].flatMap(({ platform, module, qe }) => [platform, ...(module ? [module] : []), qe])
  return {
    status: relaunchStatus(launch.status, current.status),
    advisoryIds: [...new Set(levels.flatMap(({ advisoryIds }) => advisoryIds))].sort(),
    // A platform's date alone would overstate how fresh the whole is.
    tcbDate: new Date(Math.min(...levels.map(({ tcbDate }) => tcbDate.getTime()))),
    launch,
    current,
  }
}

/** For messages. */
export function formatLevels({ components, pceSvn, teeTcbSvn }: PlatformLevels): string {
  return `SGX components ${components.join('.')}, PCESVN ${pceSvn}, TDX components ${teeTcbSvn.join('.')}`
}

/** A copy: documents are remembered, and what a verdict hands out may be written into. */
function matched<Status>({ status, tcbDate, advisoryIds }: MatchedLevel<Status>): MatchedLevel<Status> {
  return { status, tcbDate: new Date(tcbDate), advisoryIds: [...advisoryIds] }
}
