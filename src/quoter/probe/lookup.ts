/** One thing that was looked for, and what was found. @module */

import { CountersignError } from '../../errors.ts'
import { makeInstance, type ProcessFacts, removeInstance, removeLeftovers } from '../configfs/instance.ts'
import { TSM_ROOT } from '../configfs/tsm-report.ts'
import { DeviceFault, type DeviceFiles, exchangeOctets, listNames, lookAt, readLine } from '../files/device-files.ts'
import type { NsmDevice } from '../nsm/device.ts'
import { NSM_PATH } from '../nsm/device.ts'
import type { NsmDescription } from '../nsm/messages.ts'
import { SecurityModule } from '../nsm/module.ts'
import { type Timers, within } from '../turn.ts'

export interface Lookup {
  readonly what: string
  readonly found: boolean
  readonly detail: string
}

export type NsmLookup = Lookup & { readonly module?: SecurityModule; readonly description?: NsmDescription }
export type TsmLookup = Lookup & { readonly provider?: 'sev_guest' | 'tdx_guest' }

/** Of the registers in a document: every verifier wants this one. */
const DOCUMENT_DIGEST = 'SHA384'
const CONFIGFS = '/sys/kernel/config'
const TPM = '/dev/tpmrm0'
/** The host answers for a virtual TPM, and the kernel waits minutes for it. Nothing here is served from one. */
const TPM_WATCHDOG_MS = 10_000
/** Azure's paravisor keeps its report here. */
const HCL_INDEX = 0x01400001
/** TPM2_NV_ReadPublic: TPM_ST_NO_SESSIONS, size, TPM_CC_NV_ReadPublic, the index. */
const READ_PUBLIC = Uint8Array.of(0x80, 0x01, 0, 0, 0, 14, 0, 0, 0x01, 0x69, 0x01, 0x40, 0x00, HCL_INDEX & 0xff)

/** Asks the module what it is: a device that does not answer is none. */
export async function lookForNsm(files: DeviceFiles, open: () => NsmDevice, timers: Timers): Promise<NsmLookup> {
  const what = NSM_PATH
  const entry = await lookAt(files, NSM_PATH)
  if (entry !== 'device')
    return { what, found: false, detail: absence(entry, 'no Nitro Enclave, or a kernel without CONFIG_NSM') }
  try {
    const module = new SecurityModule(open(), timers)
    try {
      const description = await module.describe()
      const { moduleId, version, digest } = description
      if (digest !== DOCUMENT_DIGEST)
        throw new CountersignError(
          'ERR_QUOTE',
          `the registers of this module are ${digest.slice(0, 40)}, and documents of ${DOCUMENT_DIGEST} alone are verified`,
        )
      return { what, found: true, detail: `Nitro security module ${version}, ${moduleId}`, module, description }
    } catch (error) {
      module.close()
      throw error
    }
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    return { what, found: false, detail: error.message }
  }
}

/** Makes an instance and asks who provides it, as a quote would. */
export async function lookForTsm(files: DeviceFiles, process: ProcessFacts): Promise<TsmLookup> {
  const what = TSM_ROOT
  const entry = await lookAt(files, TSM_ROOT)
  if (entry !== 'folder') return { what, found: false, detail: await whyNoTsm(files, entry) }
  try {
    await removeLeftovers(files, process)
    const instance = await makeInstance(files, process)
    const provider = await readLine(files, `${instance.path}/provider`).finally(() => removeInstance(files, instance))
    if (provider === 'sev_guest' || provider === 'tdx_guest')
      return { what, found: true, detail: `provider ${provider}`, provider }
    return { what, found: false, detail: `provider ${JSON.stringify(provider.slice(0, 40))} is not supported` }
  } catch (error) {
    if (!(error instanceof DeviceFault)) throw error
    return { what, found: false, detail: whyNoInstance(error.errno) }
  }
}

function whyNoInstance(errno: string): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return `no report instance can be made (${errno}): run as root, or make ${TSM_ROOT}/countersign at boot and give its files to this user`
    case 'ENXIO':
    case 'ENOENT':
      return `no provider is registered (${errno}): load the driver, modprobe sev-guest or tdx-guest`
    default:
      return `no report instance can be made (${errno}): see the kernel log`
  }
}

async function whyNoTsm(files: DeviceFiles, entry: unknown): Promise<string> {
  if (entry === 'file' || entry === 'device') return 'it is no folder'
  const names = await listNames(files, CONFIGFS)
  return names.length === 0
    ? 'configfs is not mounted, or has nothing in it: mount -t configfs none /sys/kernel/config'
    : 'configfs has no tsm: Linux 6.7 or later with CONFIG_TSM_REPORTS, and the driver sev-guest or tdx-guest loaded, have it'
}

/** The report of Azure's paravisor, in its vTPM. A TPM that does not answer holds nobody up. */
export async function lookForHcl(files: DeviceFiles, timers: Timers): Promise<Lookup> {
  const what = `NV index 0x0${HCL_INDEX.toString(16)} of ${TPM}`
  const entry = await lookAt(files, TPM)
  if (entry !== 'device') return { what, found: false, detail: absence(entry, 'no TPM') }
  try {
    const answer = await within(() => exchangeOctets(files, TPM, READ_PUBLIC), {
      timers,
      ms: TPM_WATCHDOG_MS,
      what: 'the TPM',
      onLate: () => files.abandon(),
    })
    const [, , , , , , a, b, c, d] = answer
    const found = answer.length > 10 && a === 0 && b === 0 && c === 0 && d === 0
    return {
      what,
      found,
      detail: found ? 'an Azure confidential VM, below a paravisor' : 'a TPM without a paravisor’s report',
    }
  } catch (error) {
    if (error instanceof DeviceFault) return { what, found: false, detail: `the TPM does not tell (${error.errno})` }
    if (error instanceof CountersignError) return { what, found: false, detail: error.message }
    throw error
  }
}

/** A device of a driver that is not asked here. */
export async function lookForDevice(files: DeviceFiles, path: string): Promise<Lookup> {
  const entry = await lookAt(files, path)
  return entry === 'device'
    ? { what: path, found: true, detail: 'there, and not used: evidence is taken through configfs-tsm alone' }
    : { what: path, found: false, detail: absence(entry, 'no such device') }
}

function absence(entry: string | { readonly errno: string }, missing: string): string {
  if (typeof entry === 'string') return 'it is no device'
  return entry.errno === 'ENOENT' ? missing : `it cannot be looked at (${entry.errno})`
}
