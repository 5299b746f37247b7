/** What a kernel's refusal means for whoever runs the gateway. @module */
import { CountersignError } from '../../errors.ts'
import type { DeviceFault } from '../files/device-files.ts'

/** Platforms that attest through configfs-tsm. */
export type TsmTee = 'snp' | 'tdx'

const MODULES = { snp: 'sev-guest', tdx: 'tdx-guest' } as const

/** The driver takes away its own key when the order of messages breaks: nothing but a restart of the machine gives it back. */
export const VMPCK_LOST =
  'the kernel has disabled the VMPCK of this virtual machine, with which it speaks to the AMD secure processor: no report can be had until the machine is restarted'

/** ERR_QUOTE with what to do. */
export function quoteRefused(fault: DeviceFault, tee: TsmTee): CountersignError {
  return new CountersignError('ERR_QUOTE', `no quote (${fault.errno}): ${remedyFor(fault.errno, tee)}`, {
    cause: fault,
  })
}

function remedyFor(errno: string, tee: TsmTee): string {
  switch (errno) {
    case 'ENXIO':
      return `the driver is gone: load it again (modprobe ${MODULES[tee]})`
    case 'ENOENT':
      return `there is no report instance, and none can be made: is configfs mounted and ${MODULES[tee]} loaded?`
    case 'EBUSY':
      return 'the device is at work for somebody else: see what else asks for reports on this machine; the gateway tries again'
    case 'EFBIG':
    case 'TOO_LONG':
      return 'the evidence is larger than this kernel, or this gateway, takes: update the kernel'
    case 'EINVAL':
      return tee === 'snp'
        ? 'the kernel refuses the request: is the privilege level one that this guest may ask for (privlevel_floor)?'
        : 'the kernel refuses the request: update the kernel'
    case 'ETIMEDOUT':
      return tee === 'snp'
        ? 'the host keeps the secure processor from answering for a minute: too many reports are asked for on this host; ask for fewer (operational.quoting.intervalMs)'
        : 'the host did not answer: its quote generation service must run and be reachable'
    case 'EIO':
      return tee === 'snp'
        ? 'the secure processor or the host refused the message; when this goes on, the machine must be restarted'
        : 'the TDX module or the host refused the request: look at the quote generation service of the host'
    case 'ENOTTY':
      return tee === 'snp' ? VMPCK_LOST : 'the driver does not know the request: update the kernel'
    case 'EACCES':
    case 'EPERM':
      return 'this user may not make report instances: run as root, or make /sys/kernel/config/tsm/report/countersign at boot and give its files to this user'
    case 'SHORT_WRITE':
      return 'the kernel took only part of the report data: update the kernel'
    default:
      return 'see the kernel log (dmesg)'
  }
}
