/** Tuning of a log, with its defaults. @module */
import type { LogClock, LogOptions, LogTimers } from './types.ts'

const MIB: number = 1024 * 1024

export function resolveOptions(options: LogOptions): Required<LogOptions> {
  return {
    segmentSize: 64 * MIB,
    reserveStep: 4 * MIB,
    memtableSize: 32_768,
    maxRunSize: 1_000_000,
    maxUnpublished: 65_536,
    ...options,
  }
}

export const systemClock: LogClock = {
  seconds: () => Math.floor(Date.now() / 1000),
  monotonicMs: () => performance.now(),
}

export const systemTimers: LogTimers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
