/**
 * One boot after another in one process. A log that fails ends its boot, never the gateway: nothing is known of what the disk did with the
 * last writes, so the next boot reads it again from the start, as after a crash. Only another writer ends the gateway. @module
 */
import { CountersignError, StateError } from '../../errors.ts'
import { type Lineage, openLineage } from '../../storage/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Cancel, ResolvedDeps } from '../deps.ts'
import type { Admission } from '../recorder/admission.ts'
import type { Lifecycle } from '../routes/lifecycle.ts'
import type { BootClock } from '../session/boot-clock.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
import type { UpstreamSet } from '../upstream/index.ts'
import { type BegunBoot, beginBoot } from './begin-boot.ts'
import { measureSession } from './measure-session.ts'
import { type Running, runBoot } from './running.ts'

/** What a change of the session replaces. */
export interface Settings {
  readonly config: GatewayConfig
  readonly upstreams: UpstreamSet
}

export interface CycleDeps {
  readonly deps: ResolvedDeps
  readonly clock: BootClock
  readonly lifecycle: Lifecycle
  readonly admission: Admission
  /** As of now. */
  readonly settings: () => Settings
  /** Makes the way in ready for keys of the next boot. @returns goes over to them */
  readonly prepare: (channels: ChannelKeys) => Promise<() => void>
}

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 500
/** Beside the deadline of the last quote: for disk and witnesses. */
const FINISH_MS = 10_000

export class BootCycle {
  readonly #given: CycleDeps
  readonly #lineage: Lineage
  #running: Running | undefined
  #rollback: string | undefined
  #closed = false
  #next: Promise<void> = Promise.resolve()
  #end: (error: CountersignError | undefined) => void = () => {}
  /** Resolves with the reason when the gateway cannot go on, and with undefined when it was closed. */
  readonly ended: Promise<CountersignError | undefined> = new Promise((resolve) => {
    this.#end = resolve
  })

  private constructor(given: CycleDeps, lineage: Lineage) {
    this.#given = given
    this.#lineage = lineage
  }

  /**
   * Takes the lineage and begins the first boot.
   * @throws CountersignError ERR_CONFIG without a lineage, ERR_LOG_APPEND when the store does not take it
   * @throws StateError LOG_FENCED while another process writes
   */
  static async start(given: CycleDeps): Promise<BootCycle> {
    const { store, process } = given.deps
    const { measured, operational } = given.settings().config
    let onLost = (_: StateError): void => {}
    const lineage = await openLineage(store, {
      name: operational.lineage,
      host: measured.host,
      process,
      onLost: (error) => onLost(error),
    })
    const cycle = new BootCycle(given, lineage)
    onLost = (error) => cycle.#fail(error)
    try {
      await cycle.#begin()
    } catch (error) {
      await lineage.release().catch(() => {})
      throw error
    }
    return cycle
  }

  /** The newest boot; while the next one is being begun, the one whose log failed: what is durable is served still. */
  get running(): Running {
    if (this.#running === undefined) throw new CountersignError('ERR_USAGE', 'no boot has begun')
    return this.#running
  }

  /** What the witnesses remember and the store does not have; undefined for nothing. */
  get rollback(): string | undefined {
    return this.#rollback
  }

  /** One last quote, and everything closed. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#next
    const { running } = this
    if (running.boot.log.failure === undefined) await this.#finish(running)
    await running.close()
    await this.#lineage.release().catch(() => {})
    this.#end(undefined)
  }

  /** A disk without space, or a device that hangs, must not keep the gateway from ending: the next boot carries over what is left. */
  async #finish(running: Running): Promise<void> {
    const { deps, settings } = this.#given
    const { deadlineMs } = settings().config.operational.quoting
    let cancel: Cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = deps.timers.after(FINISH_MS + deadlineMs, () => {
        running.stop()
        resolve()
      })
    })
    await Promise.race([running.finish(), late])
    cancel()
  }

  async #begin(): Promise<void> {
    const { deps, clock, admission, settings } = this.#given
    let running: Running | undefined
    // The log may fail before it serves: then the boot was never begun, and whoever begins it hears of it.
    const onLogFailure = (error: CountersignError): void => {
      if (running !== undefined) this.#logFailed(running, error)
    }
    const begun = await beginBoot({ deps, clock, lineage: this.#lineage, ...settings(), onLogFailure })
    const goOver = await this.#prepare(begun)
    // A register cannot be taken back: what it names is a boot that is begun.
    await measureSession(deps, begun.boot.current)
    running = runBoot(begun.boot, {
      deps,
      clock,
      admission,
      quoting: () => settings().config.operational.quoting,
    })
    this.#running = running
    goOver()
    this.#report(begun)
    running.attester.start()
    const { failure } = begun.boot.log
    if (failure !== undefined) this.#logFailed(running, failure)
  }

  async #prepare({ boot: { channels, log } }: BegunBoot): Promise<() => void> {
    try {
      return await this.#given.prepare(channels)
    } catch (error) {
      await log.close().catch(() => {})
      throw error
    }
  }

  #logFailed(running: Running, error: CountersignError): void {
    const { deps, lifecycle } = this.#given
    if (running !== this.#running || this.#closed) return
    deps.telemetry.write({ event: 'log-failed', detail: error.message })
    running.stop()
    if (isFenced(error)) {
      this.#fail(error)
      return
    }
    lifecycle.interrupt()
    this.#next = this.#beginNext(running)
  }

  /** Tries until the disk is well again. */
  async #beginNext(failed: Running): Promise<void> {
    const { deps, lifecycle } = this.#given
    await failed.close().catch(() => {})
    for (let waitMs = FIRST_RETRY_MS; !this.#closed; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
      try {
        await this.#begin()
        lifecycle.resume()
        return
      } catch (error) {
        if (isFenced(error)) return this.#fail(error)
        const detail = error instanceof Error ? error.message : 'unknown'
        deps.telemetry.write({ event: 'boot-failed', detail })
      }
      await new Promise<void>((resolve) => {
        deps.timers.after(waitMs, resolve)
      })
    }
  }

  /** Another process writes this history: every octet from here on would be a fork. */
  #fail(error: StateError): void {
    const { lifecycle, deps } = this.#given
    if (this.#closed || lifecycle.phase === 'failed') return
    deps.telemetry.write({ event: 'boot-failed', detail: error.message })
    this.#running?.stop()
    lifecycle.fail()
    this.#end(error)
  }

  #report({ boot, previous, past, isDated }: BegunBoot): void {
    const { telemetry } = this.#given.deps
    const carried = previous === undefined ? 0 : previous.recovered.length
    telemetry.write({ event: 'boot', detail: `log ${boot.log.id}, ${carried} receipts carried over` })
    if (previous?.damage !== undefined) telemetry.write({ event: 'history-damaged', detail: previous.damage })
    if (!isDated) telemetry.write({ event: 'clock-leap', detail: 'the log before is dated in the future' })
    this.#rollback = past?.rollback?.message
    if (this.#rollback !== undefined) telemetry.write({ event: 'state-rollback', detail: this.#rollback })
    if (past !== undefined && past.silent.length > 0)
      telemetry.write({ event: 'witness', detail: `no answer at boot: ${past.silent.join(', ')}` })
  }
}

function isFenced(error: unknown): error is StateError {
  return error instanceof StateError && error.failure === 'LOG_FENCED'
}
