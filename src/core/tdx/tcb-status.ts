/** Intel's words for the state of a platform, and how the states of its parts converge. Pure rules. @module */

/**
 * What a policy may accept, from best to worst: nothing that is revoked. The two relaunch states come out of {@link relaunchStatus}; no
 * document states them.
 */
export const ACCEPTABLE_TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
] as const
export type AcceptableTcbStatus = (typeof ACCEPTABLE_TCB_STATUSES)[number]
export type TcbStatus = AcceptableTcbStatus | 'Revoked'

/** What a TCB level of a platform may state. */
export const PLATFORM_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const
export type PlatformStatus = (typeof PLATFORM_STATUSES)[number]

/** What a level of a TDX module or a quoting enclave may state: the convergence knows no more of them. */
export const COMPONENT_STATUSES = ['UpToDate', 'OutOfDate', 'Revoked'] as const
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number]

/** The platform's status with that of its TDX module or its quoting enclave. Intel QVL, convergeTcbStatuses. */
export function convergeStatus(platform: PlatformStatus, component: ComponentStatus): PlatformStatus {
  switch (component) {
    case 'UpToDate':
      return platform
    case 'Revoked':
      return 'Revoked'
    case 'OutOfDate':
      return outdated(platform)
    default:
      return component satisfies never
  }
}

function outdated(platform: PlatformStatus): PlatformStatus {
  switch (platform) {
    case 'UpToDate':
    case 'SWHardeningNeeded':
      return 'OutOfDate'
    case 'ConfigurationNeeded':
    case 'ConfigurationAndSWHardeningNeeded':
      return 'OutOfDateConfigurationNeeded'
    case 'OutOfDate':
    case 'OutOfDateConfigurationNeeded':
    case 'Revoked':
      return platform
    default:
      return platform satisfies never
  }
}

const NEEDS_CONFIGURATION: readonly TcbStatus[] = [
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDateConfigurationNeeded',
]
const OUTDATED: readonly TcbStatus[] = ['OutOfDate', 'OutOfDateConfigurationNeeded']

/**
 * The status of a trust domain that was launched under one module and runs under another. A good module now does not undo a launch
 * under an outdated one, and never one under a revoked one. Intel QVL, TDRelaunchCheck.
 */
export function relaunchStatus(launch: PlatformStatus, current: PlatformStatus): TcbStatus {
  const recovered = OUTDATED.includes(launch) && !OUTDATED.includes(current) && current !== 'Revoked'
  if (!recovered) return launch
  const configuration = NEEDS_CONFIGURATION.includes(launch) || NEEDS_CONFIGURATION.includes(current)
  return configuration ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised'
}
