/** Everything impure that the gateway works with, and the real ones as defaults. Tests give their own. @module */
import { randomBytes } from 'node:crypto'
import { endorseFromQuote } from '../core/evidence/endorse.ts'
import type { EndorsedQuote } from '../core/evidence/hardware.ts'
import type { Quote, Quoter } from '../core/evidence/quoter.ts'
import type { GatewayConfig } from './config/index.ts'
import { type FileSystem, nodeFiles } from './log/index.ts'
import { createTelemetry } from './telemetry/json-lines.ts'
import type { TelemetrySink } from './telemetry/types.ts'
import type { UpstreamSet } from './upstream/index.ts'

export interface Clock {
  /** The host's clock: it may jump. */
  now(): Date
  /** Milliseconds from any start; never goes back. */
  monotonicMs(): number
}

/** Stops a timer; does nothing when it has fired. */
export type Cancel = () => void

export interface Timers {
  /** Runs once after `ms`. Never keeps the process alive. */
  after(ms: number, run: () => void): Cancel
}

export interface GatewayDeps {
  readonly config: GatewayConfig
  readonly quoter: Quoter
  readonly upstreams: UpstreamSet
  /** Finds what vouches for a quote. By default what the quote itself brings along: all on SEV-SNP and Nitro, nothing on TDX. */
  readonly endorse?: (quote: Quote) => Promise<EndorsedQuote>
  readonly clock?: Clock
  /** As many random octets as it is asked for. */
  readonly random?: (size: number) => Uint8Array
  readonly timers?: Timers
  readonly telemetry?: TelemetrySink
  /** The disk of the log. */
  readonly files?: FileSystem
}

/** The same with nothing left out. */
export type ResolvedDeps = Required<GatewayDeps>

const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() }

const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export function resolveDeps(deps: GatewayDeps): ResolvedDeps {
  return {
    clock: systemClock,
    random: (size) => new Uint8Array(randomBytes(size)),
    timers: systemTimers,
    files: nodeFiles,
    endorse: async (quote) => endorseFromQuote(quote),
    telemetry: createTelemetry(deps.config.operational.log),
    ...deps,
  }
}
