/** The parts of a gateway, each as it is now: the boot may be another one after a failure, the session another one after an epoch. @module */
import { CountersignError } from '../errors.ts'
import type { ObjectStore } from '../storage/index.ts'
import { BootCycle, type Settings } from './boot/boot-cycle.ts'
import type { Running } from './boot/running.ts'
import { Upkeep } from './boot/upkeep.ts'
import type { GatewayConfig } from './config/index.ts'
import type { ResolvedDeps } from './deps.ts'
import type { EvidenceStore } from './evidence-store/index.ts'
import { Admission } from './recorder/admission.ts'
import { RandomPool } from './recorder/random-pool.ts'
import type { Recorder } from './recorder/recorder.ts'
import { Lifecycle } from './routes/lifecycle.ts'
import type { GatewayParts } from './routes/parts.ts'
import { Pulse } from './routes/pulse.ts'
import type { Attester } from './session/attester.ts'
import type { BootClock } from './session/boot-clock.ts'
import type { Endpoint } from './tls/endpoint.ts'
import type { UpstreamSet } from './upstream/index.ts'
import { WeightsWatch } from './weights/watch.ts'

export class GatewayCore implements GatewayParts {
  readonly clock: BootClock
  readonly lifecycle: Lifecycle = new Lifecycle()
  readonly admission: Admission
  readonly pulse: Pulse
  readonly random: RandomPool
  readonly telemetry: GatewayParts['telemetry']
  readonly #deps: ResolvedDeps
  #settings: Settings
  #cycle: BootCycle | undefined
  #upkeep: Upkeep | undefined
  readonly #watch: WeightsWatch

  constructor(deps: ResolvedDeps, clock: BootClock) {
    this.#deps = deps
    this.clock = clock
    this.admission = new Admission(deps.timers)
    this.pulse = new Pulse(deps.timers, () => clock.monotonicMs())
    this.random = new RandomPool(deps.random)
    this.telemetry = deps.telemetry
    this.#settings = { config: deps.config, upstreams: deps.upstreams }
    const { timers, telemetry } = deps
    this.#watch = new WeightsWatch({ models: () => this.upstreams.models(), timers, telemetry })
  }

  async start(endpoint: Endpoint): Promise<void> {
    const { clock, lifecycle, admission, telemetry } = this
    const { store, timers } = this.#deps
    this.#cycle = await BootCycle.start({
      deps: this.#deps,
      clock,
      lifecycle,
      admission,
      settings: () => this.#settings,
      prepare: (channels) => endpoint.prepare(channels),
    })
    this.#upkeep = new Upkeep({
      running: () => this.running,
      settings: () => this.#settings.config.operational,
      store,
      clock,
      timers,
      telemetry,
    })
    this.#watch.follow()
  }

  get cycle(): BootCycle {
    if (this.#cycle === undefined) throw new CountersignError('ERR_USAGE', 'the gateway has not begun')
    return this.#cycle
  }

  get running(): Running {
    return this.cycle.running
  }

  get config(): GatewayConfig {
    return this.#settings.config
  }

  get upstreams(): UpstreamSet {
    return this.#settings.upstreams
  }

  get store(): ObjectStore {
    return this.#deps.store
  }

  get boot(): Running['boot'] {
    return this.running.boot
  }

  get attester(): Attester {
    return this.running.attester
  }

  get recorder(): Recorder {
    return this.running.recorder
  }

  get evidence(): EvidenceStore {
    return this.running.evidence
  }

  get hasWitnesses(): boolean {
    return this.#deps.witnesses !== 'none'
  }

  get rollback(): string | undefined {
    return this.cycle.rollback
  }

  change(settings: Settings): void {
    this.#settings = settings
    this.#watch.follow()
  }

  async close(): Promise<void> {
    await this.#watch.close()
    await this.#upkeep?.close()
    await this.cycle.close()
    await this.upstreams.close()
  }
}
