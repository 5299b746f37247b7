/** What identifies the code that a TEE runs, one form for each platform. Reference values of the lock and values seen look alike. @module */
import type { ObjectReader } from '../encoding/shape.ts'
import { decodeNitroMeasurements, type NitroMeasurements } from '../nitro/index.ts'
import type { TdxMeasurements } from '../tdx/index.ts'

/** SEV-SNP: the launch digest, 96 hex digits. */
export interface SnpMeasurements {
  readonly measurement: string
}

/** All registers lower-case hex of 48 octets. Each form matches as a whole. */
export type Measurements =
  | { readonly platform: 'snp'; readonly measurements: SnpMeasurements }
  | { readonly platform: 'tdx'; readonly measurements: TdxMeasurements }
  | { readonly platform: 'nitro'; readonly measurements: NitroMeasurements }

const REGISTER = /^[0-9a-f]{96}$/

/** @throws MalformedError with the codes of `reader` */
export function decodeMeasurements(platform: Measurements['platform'], reader: ObjectReader): Measurements {
  const decoded = decodeOf(platform, reader)
  reader.end()
  return decoded
}

function decodeOf(platform: Measurements['platform'], reader: ObjectReader): Measurements {
  const register = (name: string): string => reader.string(name, REGISTER)
  switch (platform) {
    case 'snp':
      return { platform, measurements: { measurement: register('measurement') } }
    case 'tdx':
      return {
        platform,
        measurements: {
          mrTd: register('mrTd'),
          rtMr0: register('rtMr0'),
          rtMr1: register('rtMr1'),
          rtMr2: register('rtMr2'),
        },
      }
    case 'nitro':
      return { platform, measurements: decodeNitroMeasurements(reader) }
    default:
      return platform satisfies never
  }
}

/** Every register by its name, sorted. */
export function registersOf({ measurements }: Measurements): readonly (readonly [string, string])[] {
  return Object.entries(measurements).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Whether both are of one platform and equal in every register. */
export function sameMeasurements(a: Measurements, b: Measurements): boolean {
  return a.platform === b.platform && registersOf(a).join('\n') === registersOf(b).join('\n')
}

/** For people: the first digits of each register. */
export function formatMeasurements(measurements: Measurements): string {
  return registersOf(measurements)
    .map(([name, value]) => `${name} ${value.slice(0, 16)}${value.length > 16 ? '…' : ''}`)
    .join(', ')
}
