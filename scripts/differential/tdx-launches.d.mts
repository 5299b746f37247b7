import type { TdxLaunch } from '../../src/core/measurement/tdx/index.ts'
import type { FirmwareParameters, KernelParameters } from './tdx-images.mjs'

export interface LaunchParameters {
  readonly name: string
  readonly pageOrder: 'page' | 'section'
  readonly memorySize: number
  readonly acpiSeed: number
  readonly firmware: FirmwareParameters
  readonly kernel: KernelParameters
  readonly initrd: { readonly seed: number; readonly size: number }
  readonly commandLine: string
}

export const LAUNCHES: readonly LaunchParameters[]
export function launchOf(parameters: LaunchParameters): TdxLaunch
