import type * as snp from '../../src/core/measurement/snp/index.ts'
import type { OvmfShape } from './snp-images.mjs'

interface FileShape {
  readonly size: number
  readonly seed: number
}

/** As fixtures describe a launch. */
export interface LaunchShape {
  readonly firmware: OvmfShape
  readonly firmwareDigest: string
  readonly boot:
    | 'none'
    | { readonly kernel: FileShape; readonly initrd: FileShape | 'none'; readonly commandLine: string }
  readonly vmm: 'qemu' | 'ec2' | 'gce'
  readonly vcpuType: string
  readonly guestFeatures: string
  readonly vcpus: number
}

export function launchOf(library: typeof snp, launch: LaunchShape): snp.SnpLaunch
