/** The three ways in which a launch cannot be measured. @module */
import { MalformedError } from '../../../errors.ts'

export function firmwareFault(text: string): MalformedError {
  return new MalformedError('OVMF_FORMAT', text)
}

export function kernelFault(text: string): MalformedError {
  return new MalformedError('KERNEL_FORMAT', text)
}

export function launchFault(text: string): MalformedError {
  return new MalformedError('LAUNCH_INVALID', text)
}
