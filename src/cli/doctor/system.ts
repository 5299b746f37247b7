/** What beside the device decides whether a gateway can attest here: Node, the library for Nitro, kernel and clock. @module */
import { readFileSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { BUILT_AT } from '../../core/build-date.ts'
import { findLibrary } from '../../quoter/index.ts'

/** As the report has them. */
export interface SystemReport {
  readonly node: { readonly version: string; readonly supported: boolean; readonly why: string }
  readonly koffi: { readonly available: boolean; readonly why: string }
  readonly kernel: {
    readonly release: string
    /** Of the kernel's build; `unknown` where it does not tell. */
    readonly options: Readonly<Record<string, 'y' | 'm' | 'n' | 'unknown'>>
  }
  readonly clock: {
    readonly now: string
    /** False before the day on which this release was made. */
    readonly plausible: boolean
    readonly synchronised: true | 'unknown'
    readonly why: string
  }
}

/** What is asked of the machine; tests give their own. */
export interface SystemFacts {
  readonly nodeVersion: string
  readonly kernelRelease: string
  readonly library: string | undefined
  /** Undefined where it cannot be read. */
  read(path: string): Uint8Array | undefined
  exists(path: string): boolean
}

export function thisSystem(): SystemFacts {
  return {
    nodeVersion: process.versions.node,
    kernelRelease: release(),
    library: findLibrary(),
    read: (path) => attempt(() => new Uint8Array(readFileSync(path))),
    exists: (path) => attempt(() => statSync(path)) !== undefined,
  }
}

const NODE_FLOOR = [20, 19] as const
const OPTIONS = [
  'CONFIG_CONFIGFS_FS',
  'CONFIG_TSM_REPORTS',
  'CONFIG_SEV_GUEST',
  'CONFIG_TDX_GUEST_DRIVER',
  'CONFIG_TSM_MEASUREMENTS',
  'CONFIG_NSM',
] as const
const SYNCHRONISED = '/run/systemd/timesync/synchronized'
const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
/** Verifiers allow evidence this much. */
const CLOCK_ADVICE = 'evidence is dated, and refused where its date is minutes off'

export function describeSystem(facts: SystemFacts, now: Date): SystemReport {
  const { nodeVersion, kernelRelease, library } = facts
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const supported = major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1])
  return {
    node: {
      version: nodeVersion,
      supported,
      why: supported
        ? `${NODE_FLOOR.join('.')} or later is due`
        : `${NODE_FLOOR.join('.')} or later is due: update Node`,
    },
    koffi: {
      available: library !== undefined,
      why:
        library !== undefined
          ? 'installed; asked on Nitro alone'
          : 'not installed: needed on Nitro alone, through the optional dependencies of this package',
    },
    kernel: { release: kernelRelease, options: kernelOptions(facts) },
    clock: describeClock(facts, now),
  }
}

function kernelOptions(facts: SystemFacts): SystemReport['kernel']['options'] {
  const text = kernelConfig(facts)
  return Object.fromEntries(
    OPTIONS.map((option) => {
      const value = text === undefined ? undefined : (new RegExp(`^${option}=([ym])$`, 'm').exec(text)?.[1] ?? 'n')
      return [option, value === 'y' || value === 'm' || value === 'n' ? value : 'unknown'] as const
    }),
  )
}

function kernelConfig({ read, kernelRelease }: SystemFacts): string | undefined {
  const plain = read(`/boot/config-${kernelRelease}`)
  if (plain !== undefined) return new TextDecoder().decode(plain)
  const zipped = read('/proc/config.gz')
  return zipped && attempt(() => new TextDecoder().decode(gunzipSync(zipped, { maxOutputLength: 4 << 20 })))
}

function describeClock({ read, exists }: SystemFacts, now: Date): SystemReport['clock'] {
  const bytes = read(CLOCK_SOURCE)
  const source = bytes === undefined ? 'unknown' : new TextDecoder().decode(bytes).trim()
  const synchronised = exists(SYNCHRONISED) ? true : ('unknown' as const)
  const state = synchronised === true ? 'synchronised by systemd-timesyncd' : 'nothing says whether it is synchronised'
  const plausible = now >= BUILT_AT
  return { now: now.toISOString(), plausible, synchronised, why: `clock source ${source}; ${state}; ${CLOCK_ADVICE}` }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
