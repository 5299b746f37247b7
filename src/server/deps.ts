/** Everything impure that the gateway works with, and the real ones as defaults. Tests give their own. @module */
import { randomBytes } from 'node:crypto'
import type { CollateralFetcher } from '../collateral/index.ts'
import { endorseFromQuote } from '../core/evidence/endorse.ts'
import type { EndorsedQuote } from '../core/evidence/hardware.ts'
import type { Quote, Quoter } from '../core/evidence/quoter.ts'
import type { WitnessPolicy } from '../core/log/index.ts'
import { nodeProcess, type ObjectStore, createStore as openConfigured, type ProcessFacts } from '../storage/index.ts'
import { type GatewayConfig, loadWitnessPolicy } from './config/index.ts'
import { createEndorser } from './session/endorser.ts'
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
  /** Asked for what AMD and Intel sign about a quote, where `endorse` is not given. By default nobody is asked. */
  readonly collateral?: CollateralFetcher | 'none'
  readonly clock?: Clock
  /** As many random octets as it is asked for. */
  readonly random?: (size: number) => Uint8Array
  readonly timers?: Timers
  readonly telemetry?: TelemetrySink
  /** Where history is kept; by default what the configuration names. It must hold a lineage. */
  readonly store?: ObjectStore
  /** Who cosigns, with addresses; by default what the configuration names. */
  readonly witnesses?: WitnessPolicy | 'none'
  /** Opens new logs at witnesses; without it they are shown evidence. */
  readonly enrolmentToken?: string | 'none'
  /** What the lease says of this process. */
  readonly process?: ProcessFacts
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

/** @throws CountersignError ERR_CONFIG for a policy of witnesses that does not decode */
export async function resolveDeps(deps: GatewayDeps): Promise<ResolvedDeps> {
  const { collateral = 'none', timers = systemTimers } = deps
  const telemetry = deps.telemetry ?? createTelemetry(deps.config.operational.log)
  return {
    clock: systemClock,
    random: (size) => new Uint8Array(randomBytes(size)),
    enrolmentToken: 'none',
    process: nodeProcess(),
    endorse:
      collateral === 'none'
        ? async (quote) => endorseFromQuote(quote)
        : createEndorser({ fetcher: collateral, timers, telemetry }),
    ...deps,
    collateral,
    timers,
    telemetry,
    store: deps.store ?? (await createStore(deps.config)),
    witnesses: deps.witnesses ?? (await loadWitnessPolicy(deps.config.operational)),
  }
}

/** The store that a configuration names. @throws CountersignError */
export function createStore({ operational }: GatewayConfig): Promise<ObjectStore> {
  return openConfigured(operational.storage, operational.dataDir)
}
