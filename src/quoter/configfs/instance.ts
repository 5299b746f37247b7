/** The report instance of this process: a folder with a name of its own below configfs, or one that was made ready for it at boot. @module */
import { randomBytes } from 'node:crypto'
import { carryOut, DeviceFault, type DeviceFiles, listNames, lookAt } from '../files/device-files.ts'
import { TSM_ROOT } from './tsm-report.ts'

/** A folder that whoever may make instances made, and gave to this process's user. It stays. */
export const PREPARED_INSTANCE = 'countersign'
const OWN = /^countersign-([1-9][0-9]{0,9})-[0-9a-f]{12}$/
const RANDOM_SIZE = 6

export interface ProcessFacts {
  readonly pid: number
  /** Whether a process of this number lives. */
  isAlive(pid: number): boolean
}

export const thisProcess: ProcessFacts = {
  pid: process.pid,
  isAlive(pid) {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // EPERM: it lives and is another user's.
      return error instanceof Error && 'code' in error && error.code !== 'ESRCH'
    }
  },
}

export interface Instance {
  readonly path: string
  /** Whether it is removed when it is no longer needed. */
  readonly own: boolean
}

/** @throws DeviceFault where none can be made and none was made ready */
export async function makeInstance(files: DeviceFiles, { pid }: ProcessFacts): Promise<Instance> {
  const path = `${TSM_ROOT}/countersign-${pid}-${randomBytes(RANDOM_SIZE).toString('hex')}`
  try {
    await carryOut(files, { call: 'make', path })
    return { path, own: true }
  } catch (error) {
    if (!(error instanceof DeviceFault) || (error.errno !== 'EACCES' && error.errno !== 'EPERM')) throw error
    const prepared = `${TSM_ROOT}/${PREPARED_INSTANCE}`
    if ((await lookAt(files, prepared)) !== 'folder') throw error
    return { path: prepared, own: false }
  }
}

export async function removeInstance(files: DeviceFiles, { path, own }: Instance): Promise<void> {
  if (own) await files.perform({ call: 'remove', path })
}

/**
 * Removes what processes left behind that ended without doing so. To be called before this process makes its own: in a container the one
 * before had the same number.
 */
export async function removeLeftovers(files: DeviceFiles, { pid, isAlive }: ProcessFacts): Promise<void> {
  for (const name of await listNames(files, TSM_ROOT)) {
    const owner = Number(OWN.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(owner) || (owner !== pid && isAlive(owner))) continue
    await files.perform({ call: 'remove', path: `${TSM_ROOT}/${name}` })
  }
}
