/** Tells the operator of a bug without its message: an error of a parser repeats what it could not parse, which may be a prompt. @module */
import type { TelemetrySink } from './types.ts'

const MAX_FRAMES = 4

/** Name and place of the error alone. */
export function reportFailure(sink: TelemetrySink, error: unknown): void {
  sink.write({ event: 'internal-error', detail: describe(error) })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no error was thrown'
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return [`${error.name}${code}`, ...frames.slice(0, MAX_FRAMES).map((frame) => frame.trim())].join('; ')
}
