/**
 * What this machine can attest with, in the order of guest-interfaces.md section 8. Nothing is taken for granted: a device is there when it
 * answers, and what is there and not supported is said. There is no software to fall back to. @module
 */

import type { ProcessFacts } from '../configfs/instance.ts'
import { thisProcess } from '../configfs/instance.ts'
import { createDeviceFiles, type DeviceFiles } from '../files/device-files.ts'
import { createNsmDevice, type NsmDevice } from '../nsm/device.ts'
import { createNitroQuoter, createSnpQuoter, createTdxQuoter, type HardwareQuoter } from '../quoters.ts'
import { lookAtRtmr3 } from '../runtime/rtmr3.ts'
import { systemTimers, type Timers } from '../turn.ts'
import {
  type Lookup,
  lookForDevice,
  lookForHcl,
  lookForNsm,
  lookForTsm,
  type NsmLookup,
  type TsmLookup,
} from './lookup.ts'

export type QuoterChoice = 'auto' | 'configfs' | 'nsm'

export interface MachineDeps {
  readonly files: DeviceFiles
  readonly openNsm: () => NsmDevice
  readonly timers: Timers
  readonly process: ProcessFacts
}

/** This machine as it is. */
export function thisMachine(): MachineDeps {
  return { files: createDeviceFiles(), openNsm: () => createNsmDevice(), timers: systemTimers, process: thisProcess }
}

export interface PlatformReport {
  readonly name: 'sev-snp' | 'tdx' | 'nitro'
  readonly available: boolean
  readonly why: string
}

/** Whether hardware registers can carry what the gateway runs with. */
export interface RuntimeReport {
  readonly register: 'HOST_DATA' | 'RTMR3' | 'PCR16' | 'none'
  readonly available: boolean
  readonly why: string
}

export interface MachineReport {
  readonly lookups: readonly Lookup[]
  readonly platforms: readonly PlatformReport[]
  readonly runtime: RuntimeReport
}

/** A quoter where something answers, and in either case what was looked for. The quoter is its caller's to close. */
export interface Detected {
  readonly quoter: HardwareQuoter | undefined
  readonly report: MachineReport
}

interface Seen {
  readonly nsm: NsmLookup
  readonly tsm: TsmLookup
  readonly hcl: Lookup
  readonly sevGuest: Lookup
  readonly tdxGuest: Lookup
}

/** @param choice `auto` takes the first of the module and configfs that answers; the others take theirs or none */
export async function detectQuoter(choice: QuoterChoice, deps: MachineDeps): Promise<Detected> {
  const { files } = deps
  const nsm = choice === 'configfs' ? skipped('/dev/nsm', choice) : await lookForNsm(files, deps.openNsm, deps.timers)
  const tsm =
    choice === 'nsm'
      ? skipped('configfs-tsm', choice)
      : nsm.found
        ? { what: 'configfs-tsm', found: false, detail: 'not looked for: the security module answers' }
        : await lookForTsm(files, deps.process)
  const seen: Seen = {
    nsm,
    tsm,
    hcl: await lookForHcl(files, deps.timers),
    sevGuest: await lookForDevice(files, '/dev/sev-guest'),
    tdxGuest: await lookForDevice(files, '/dev/tdx_guest'),
  }
  const report: MachineReport = {
    lookups: [nsm, tsm, seen.hcl, seen.sevGuest, seen.tdxGuest].map(({ what, found, detail }) => ({
      what,
      found,
      detail,
    })),
    platforms: [snpReport(seen), tdxReport(seen), nitroReport(seen)],
    runtime: await runtimeReport(seen, files),
  }
  return { quoter: quoterOf(seen, deps), report }
}

function skipped(what: string, choice: QuoterChoice): Lookup {
  return { what, found: false, detail: `not looked for: operational.quoter is ${choice}` }
}

function quoterOf({ nsm, tsm }: Seen, { files, timers, process }: MachineDeps): HardwareQuoter | undefined {
  if (nsm.module !== undefined) return createNitroQuoter(nsm.module)
  const deps = { files, timers, process, privlevel: 'default' } as const
  switch (tsm.provider) {
    case 'sev_guest':
      return createSnpQuoter(deps)
    case 'tdx_guest':
      return createTdxQuoter(deps)
    case undefined:
      return undefined
    default:
      return tsm.provider satisfies never
  }
}

const PARAVISOR =
  'an Azure confidential VM attests through the vTPM of its paravisor, which is not supported: use a confidential VM whose kernel has configfs-tsm (other clouds, or your own hosts)'
const LEGACY =
  'its device is there and configfs-tsm is not, and evidence is taken through configfs-tsm alone: run Linux 6.7 or later with CONFIG_TSM_REPORTS'

function snpReport({ tsm, hcl, sevGuest }: Seen): PlatformReport {
  const name = 'sev-snp'
  if (tsm.provider === 'sev_guest') return { name, available: true, why: 'configfs-tsm answers, provider sev_guest' }
  if (tsm.provider === 'tdx_guest') return { name, available: false, why: 'this machine is a TDX guest' }
  return { name, available: false, why: whyNot(sevGuest, hcl, tsm, 'sev-guest') }
}

function tdxReport({ tsm, hcl, tdxGuest }: Seen): PlatformReport {
  const name = 'tdx'
  if (tsm.provider === 'tdx_guest') return { name, available: true, why: 'configfs-tsm answers, provider tdx_guest' }
  if (tsm.provider === 'sev_guest') return { name, available: false, why: 'this machine is an SEV-SNP guest' }
  return { name, available: false, why: whyNot(tdxGuest, hcl, tsm, 'tdx-guest') }
}

function whyNot(device: Lookup, hcl: Lookup, tsm: TsmLookup, driver: string): string {
  if (hcl.found) return PARAVISOR
  if (device.found) return `${LEGACY} (${tsm.detail})`
  return `no ${device.what}; ${tsm.detail}. Outside of such a guest there is nothing to find; inside of one, load ${driver}`
}

function nitroReport({ nsm }: Seen): PlatformReport {
  return { name: 'nitro', available: nsm.found, why: nsm.found ? nsm.detail : `${nsm.what}: ${nsm.detail}` }
}

async function runtimeReport({ nsm, tsm }: Seen, files: DeviceFiles): Promise<RuntimeReport> {
  if (nsm.description !== undefined) return pcr16Report(nsm.description.lockedPcrs)
  switch (tsm.provider) {
    case 'sev_guest':
      return {
        register: 'HOST_DATA',
        available: true,
        why: 'set at launch by who starts the machine: the digest of the measured configuration (countersign config check FILE prints it)',
      }
    case 'tdx_guest': {
      const state = await lookAtRtmr3(files)
      return state.kind === 'ready'
        ? { register: 'RTMR3', available: true, why: state.path }
        : { register: 'RTMR3', available: false, why: state.why }
    }
    case undefined:
      return { register: 'none', available: false, why: 'no TEE answers' }
    default:
      return tsm.provider satisfies never
  }
}

function pcr16Report(locked: readonly number[]): RuntimeReport {
  return locked.includes(16)
    ? {
        register: 'PCR16',
        available: true,
        why: 'locked already: a gateway with another configuration needs a new enclave',
      }
    : { register: 'PCR16', available: true, why: 'free: extended and locked before the first quote' }
}
