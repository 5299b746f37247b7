/**
 * Asks hardware for quotes: AMD SEV-SNP and Intel TDX through configfs-tsm, AWS Nitro Enclaves through their security module. Node on Linux
 * only. The server sees a {@link Quoter} and never this folder. @module
 */
export { DeviceFault, type DeviceFiles } from './files/device-files.ts'
export { type EntryKind, type FileReply, type FileSystem, type FileTask, performFileTask } from './files/perform.ts'
export { createNsmDevice, LIBRARY_MISSING, type NsmDevice } from './nsm/device.ts'
export { findLibrary } from './nsm/ioctl.ts'
export type { Lookup } from './probe/lookup.ts'
export {
  type Detected,
  detectQuoter,
  type MachineDeps,
  type MachineReport,
  type PlatformReport,
  type QuoterChoice,
  type RuntimeReport,
  thisMachine,
} from './probe/machine.ts'
export { createNitroQuoter, createSnpQuoter, createTdxQuoter, type HardwareQuoter } from './quoters.ts'
export { systemTimers, type Timers } from './turn.ts'
