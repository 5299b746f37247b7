/** The Nitro security module behind /dev/nsm. @module */
import { CountersignError } from '../../errors.ts'
import { createThread } from '../thread.ts'
import { findLibrary, type IoctlReply, type IoctlTask, ioctlText, NSM_IOCTL } from './ioctl.ts'
import { NSM_RESPONSE_MAX } from './messages.ts'

export const NSM_PATH = '/dev/nsm'

/** One exchange at a time; whoever uses it keeps the turns. */
export interface NsmDevice {
  /** @throws CountersignError ERR_QUOTE when the driver refuses */
  exchange(request: Uint8Array): Promise<Uint8Array>
  /** Lets go of an exchange that does not come back. */
  abandon(): void
}

/** What to do where the library is missing. */
export const LIBRARY_MISSING =
  'the package koffi is not installed, through which Node reaches /dev/nsm: install with optional dependencies (npm install koffi)'

/**
 * @param path another device for tests
 * @throws CountersignError ERR_CONFIG without the library
 */
export function createNsmDevice({
  path = NSM_PATH,
  library = findLibrary() ?? 'missing',
}: {
  readonly path?: string
  /** Where koffi lies. */
  readonly library?: string | 'missing'
} = {}): NsmDevice {
  if (library === 'missing') throw new CountersignError('ERR_CONFIG', LIBRARY_MISSING)
  const thread = createThread<IoctlTask, IoctlReply>(ioctlText(library))
  return {
    async exchange(request) {
      const reply = await thread.call({ path, number: NSM_IOCTL, request, responseSize: NSM_RESPONSE_MAX })
      if (reply.kind === 'octets') return reply.octets
      throw new CountersignError('ERR_QUOTE', `${path} refused (${reply.code}): ${remedyFor(reply.code)}`)
    },
    abandon: () => thread.abandon(),
  }
}

function remedyFor(code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return 'there is no security module: this is no Nitro Enclave, or its kernel lacks the driver (CONFIG_NSM)'
    case 'EACCES':
    case 'EPERM':
      return 'the driver wants CAP_SYS_ADMIN: run the gateway as root of the enclave'
    case 'ENOTTY':
      return 'this device does not know the request: it is no Nitro security module'
    case 'EMSGSIZE':
      return 'a message is larger than the driver takes'
    case 'ETIMEDOUT':
      return 'the security module did not answer: start the enclave again'
    case 'EBUSY':
    case 'EINTR':
      return 'the device is at work: the gateway tries again'
    case 'NO_LIBRARY':
      return 'koffi has no build for this platform: use Linux on x86-64 or arm64, with glibc or musl'
    default:
      return 'see the kernel log (dmesg)'
  }
}
