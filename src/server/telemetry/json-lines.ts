/** Telemetry as JSON lines on standard output, one write for all lines of a turn of the event loop. @module */
import type { TelemetryLine, TelemetrySink } from './types.ts'

export const silence: TelemetrySink = { write: () => {} }

/** @param format `none`: nothing is written */
export function createTelemetry(format: 'json' | 'none'): TelemetrySink {
  if (format === 'none') return silence
  let waiting = ''
  const flush = (): void => {
    process.stdout.write(waiting)
    waiting = ''
  }
  return {
    write(line: TelemetryLine): void {
      if (waiting === '') setImmediate(flush)
      waiting += `${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`
    },
  }
}
