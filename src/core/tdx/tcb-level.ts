/** Which TCB level a platform reaches: pure comparisons, in no trust of the order in which a document lists levels. @module */
import type { ModuleIdentity, PlatformLevel, SvnLevel, TcbInfo } from './tcb-info.ts'

/** The levels of a platform: from its PCK certificate, and from the quote. */
export interface PlatformLevels {
  /** 16 components of the PCK certificate. */
  readonly components: readonly number[]
  readonly pceSvn: number
  /** TEE_TCB_SVN or TEE_TCB_SVN2. */
  readonly teeTcbSvn: Uint8Array
}

const MODULE_SVN = 0
const MODULE_VERSION = 1
/** From major version 1 on, components 0 and 1 are the module's own and judged by its identity. */
const FIRST_BEYOND_MODULE = 2

/** Major version of the TDX module; from 1 on it has an identity and levels of its own. */
export function moduleVersion(teeTcbSvn: Uint8Array): number {
  return teeTcbSvn[MODULE_VERSION] ?? 0
}

/** The id under which TCB info lists a major version, for example `TDX_01`. */
export function moduleId(teeTcbSvn: Uint8Array): string {
  return `TDX_${moduleVersion(teeTcbSvn).toString(16).padStart(2, '0').toUpperCase()}`
}

/** The identity of the module with these levels; undefined where the document does not know its major version. */
export function findModule(info: TcbInfo, teeTcbSvn: Uint8Array): ModuleIdentity | undefined {
  const id = moduleId(teeTcbSvn)
  return info.moduleIdentities.find((identity) => identity.id === id)
}

/**
 * The highest level that the platform reaches in every component. Intel walks levels from the highest down and takes the first; the
 * highest of those reached is the same, and depends on no order. Intel QVL, TcbLevelCheck.
 */
export function matchPlatformLevel(
  levels: readonly PlatformLevel[],
  platform: PlatformLevels,
): PlatformLevel | undefined {
  return highest(
    levels.filter((level) => reaches(platform, level)),
    ({ tcb: a }, { tcb: b }) =>
      compareEach(a.sgxComponents, b.sgxComponents) ||
      a.pceSvn - b.pceSvn ||
      compareEach(a.tdxComponents, b.tdxComponents),
  )
}

/** The highest level at or below an SVN. */
export function matchSvnLevel(levels: readonly SvnLevel[], svn: number): SvnLevel | undefined {
  return highest(
    levels.filter(({ tcb }) => svn >= tcb),
    (a, b) => a.tcb - b.tcb,
  )
}

/** The level of a module. */
export function matchModuleLevel(identity: ModuleIdentity, teeTcbSvn: Uint8Array): SvnLevel | undefined {
  return matchSvnLevel(identity.levels, teeTcbSvn[MODULE_SVN] ?? 0)
}

function reaches({ components, pceSvn, teeTcbSvn }: PlatformLevels, { tcb }: PlatformLevel): boolean {
  const start = moduleVersion(teeTcbSvn) > 0 ? FIRST_BEYOND_MODULE : 0
  return (
    tcb.sgxComponents.every((least, index) => (components[index] ?? 0) >= least) &&
    pceSvn >= tcb.pceSvn &&
    tcb.tdxComponents.every((least, index) => index < start || (teeTcbSvn[index] ?? 0) >= least)
  )
}

/** By the first component that differs. */
function compareEach(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((component, index) => component !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

function highest<T>(items: readonly T[], compare: (a: T, b: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || compare(item, best) > 0 ? item : best),
    undefined,
  )
}
