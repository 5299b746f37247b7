/** What identifies the code that a TEE runs, one form for each platform. Reference values of the lock and values seen look alike. @module */
import type { ObjectReader } from '../encoding/shape.ts'
import { decodeNitroMeasurements } from '../nitro/index.ts'
import { type Measurements, registersOf } from './registers.ts'

export { type Measurements, registersOf, type SnpMeasurements } from './registers.ts'

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
