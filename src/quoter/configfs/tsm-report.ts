/**
 * One report through configfs-tsm: Documentation/ABI/testing/configfs-tsm-report of Linux, guest-interfaces.md section 1.
 *
 * The kernel counts every write to an instance. Who else writes to it shows in that number alone, and the report is then another's. @module
 */
import { carryOut, type DeviceFiles, lookAt, readLine, readOctets } from '../files/device-files.ts'

/** Where instances are made. */
export const TSM_ROOT = '/sys/kernel/config/tsm/report'

export interface TsmRequest {
  /** Exactly 64 octets: TDX takes no fewer. */
  readonly inblob: Uint8Array
  /** Of SEV-SNP; `default` leaves it to the kernel, or takes the lowest that this guest may ask where that is not 0. */
  readonly privlevel: 0 | 1 | 2 | 3 | 'default'
}

export interface TsmReport {
  readonly provider: string
  readonly outblob: Uint8Array
  /** Empty where the provider has none. */
  readonly auxblob: Uint8Array
}

/** Quotes have 5 to 10 KiB, certificate tables about as much, tokens of DICE more. */
const BLOB_LIMIT = 262_144
const GENERATION = /^(?:0|[1-9][0-9]{0,19})$/

/**
 * @param instance path of a folder that the kernel filled
 * @returns `interfered` where somebody else wrote to the instance meanwhile
 * @throws DeviceFault
 */
export async function requestReport(
  files: DeviceFiles,
  instance: string,
  { inblob, privlevel }: TsmRequest,
): Promise<TsmReport | 'interfered'> {
  const before = await readGeneration(files, instance)
  const level = await levelOf(files, instance, privlevel)
  if (level !== undefined)
    await carryOut(files, { call: 'write', path: `${instance}/privlevel`, octets: new TextEncoder().encode(level) })
  await carryOut(files, { call: 'write', path: `${instance}/inblob`, octets: inblob })
  const writes = level === undefined ? 1n : 2n
  const outblob = await readOctets(files, `${instance}/outblob`, BLOB_LIMIT)
  const auxblob =
    (await lookAt(files, `${instance}/auxblob`)) === 'file'
      ? await readOctets(files, `${instance}/auxblob`, BLOB_LIMIT)
      : new Uint8Array()
  const provider = await readLine(files, `${instance}/provider`)
  const after = await readGeneration(files, instance)
  if (before === undefined || after !== before + writes) return 'interfered'
  return { provider, outblob, auxblob }
}

async function readGeneration(files: DeviceFiles, instance: string): Promise<bigint | undefined> {
  const text = await readLine(files, `${instance}/generation`)
  return GENERATION.test(text) ? BigInt(text) : undefined
}

/** Below a service module the guest runs at a level of its own, and the kernel refuses to ask for a lower one. */
async function levelOf(
  files: DeviceFiles,
  instance: string,
  privlevel: TsmRequest['privlevel'],
): Promise<string | undefined> {
  if (privlevel !== 'default') return String(privlevel)
  if ((await lookAt(files, `${instance}/privlevel_floor`)) !== 'file') return undefined
  const floor = await readLine(files, `${instance}/privlevel_floor`)
  return /^[1-3]$/.test(floor) ? floor : undefined
}
