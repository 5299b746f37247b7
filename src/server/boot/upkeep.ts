/**
 * What is done now and then, beside all requests: thinning evidence, ending the retention of sealed receipts and of remembered conversations,
 * reading everything back. @module
 */

import { CountersignError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import type { OperationalConfig } from '../config/index.ts'
import { expireStates } from '../context/memory/expire-states.ts'
import type { Cancel, Timers } from '../deps.ts'
import { removeSealedBefore, scrubLog } from '../log/index.ts'
import type { BootClock } from '../session/boot-clock.ts'
import type { TelemetrySink } from '../telemetry/types.ts'
import type { Running } from './running.ts'

export interface UpkeepDeps {
  readonly running: () => Running
  readonly settings: () => Pick<OperationalConfig, 'retentionDays' | 'scrubHours'>
  readonly store: ObjectStore
  readonly clock: BootClock
  readonly timers: Timers
  readonly telemetry: TelemetrySink
}

const TICK_MS = 600_000
const HOUR_MS = 3_600_000
const DAY_SECONDS = 86_400
const DAY_MS = 1000 * DAY_SECONDS

export class Upkeep {
  readonly #deps: UpkeepDeps
  #cancel: Cancel = () => {}
  #closed = false
  #working: Promise<void> = Promise.resolve()
  #retainedMs: number
  #scrubbedMs: number
  #expiredMs: number
  /** When the evidence of an earlier log was thinned first; infinite when there is nothing left to thin. */
  readonly #thinnedMs: Map<string, number> = new Map()

  constructor(deps: UpkeepDeps) {
    this.#deps = deps
    this.#retainedMs = deps.clock.monotonicMs() - HOUR_MS
    this.#scrubbedMs = deps.clock.monotonicMs()
    this.#expiredMs = deps.clock.monotonicMs() - DAY_MS
    this.#arm()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#working
  }

  #arm(): void {
    this.#cancel = this.#deps.timers.after(TICK_MS, () => {
      this.#working = this.#tick().finally(() => {
        if (!this.#closed) this.#arm()
      })
    })
  }

  async #tick(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs()
    const { retentionDays, scrubHours } = this.#deps.settings()
    await this.#attempt('retention', () => this.#deps.running().evidence.thin(this.#deps.clock.seconds()))
    if (nowMs - this.#retainedMs >= HOUR_MS) {
      this.#retainedMs = nowMs
      await this.#attempt('retention', () => this.#thinEarlier(nowMs))
      if (retentionDays !== 'forever') await this.#attempt('retention', () => this.#endRetention(retentionDays))
    }
    if (nowMs - this.#expiredMs >= DAY_MS) {
      this.#expiredMs = nowMs
      await this.#attempt('retention', () => this.#forgetLapsed())
    }
    if (scrubHours > 0 && nowMs - this.#scrubbedMs >= scrubHours * HOUR_MS) {
      this.#scrubbedMs = nowMs
      await this.#attempt('scrub', () => this.#scrub())
    }
  }

  /** Of this lineage alone: what lies there else is another gateway's, which may write it now and keep it longer. */
  get #ids(): readonly string[] {
    const { boot } = this.#deps.running()
    return [boot.log.id, ...boot.earlier.own()]
  }

  /** A day after its end there is nothing left to thin in a log. */
  async #thinEarlier(nowMs: number): Promise<void> {
    const { clock, running, telemetry } = this.#deps
    const { earlier } = running().boot
    for (const id of earlier.own()) {
      const firstMs = this.#thinnedMs.get(id) ?? nowMs
      if (this.#closed || firstMs === Number.POSITIVE_INFINITY) continue
      const onFault = (detail: string): void => telemetry.write({ event: 'history-damaged', detail })
      const evidence = await earlier.evidence(id, onFault)
      await evidence.thin(clock.seconds())
      this.#thinnedMs.set(id, nowMs - firstMs > 25 * HOUR_MS ? Number.POSITIVE_INFINITY : firstMs)
    }
  }

  async #endRetention(days: number): Promise<void> {
    const { store, clock, running } = this.#deps
    const before = clock.seconds() - days * DAY_SECONDS
    const { boot, attester } = running()
    for (const id of this.#ids) {
      if (this.#closed) return
      // The next boot begins to read at the newest evidence: where this one has some, no log before it is read for that.
      const isSettled = id !== boot.log.id && attester.newest !== undefined
      await removeSealedBefore(store, id, { before, isSettled })
    }
  }

  /** Also where nothing is remembered any more: what was kept before lapses all the same. */
  async #forgetLapsed(): Promise<void> {
    const { store, clock } = this.#deps
    await expireStates(store, { now: clock.seconds(), goesOn: () => !this.#closed })
  }

  async #scrub(): Promise<void> {
    const { store, telemetry } = this.#deps
    for (const id of this.#ids) {
      if (this.#closed) return
      // Reading a large log takes longer than anyone waits for an end.
      const onProgress = (): void => {
        if (this.#closed) throw new CountersignError('ERR_USAGE', `log ${id}: not read to its end`)
      }
      const { leaves, corrupt } = await scrubLog(store, id, { repair: true, onProgress })
      const detail = `log ${id}: ${leaves} leaves read, ${corrupt.length} damaged`
      telemetry.write({ event: 'scrub', detail })
      for (const { name, repaired } of corrupt)
        telemetry.write({ event: 'scrub', detail: `${name}: ${repaired ? 'restored' : 'lost'}` })
    }
  }

  /** A store that fails here fails again where it matters. */
  async #attempt(event: 'retention' | 'scrub', task: () => Promise<unknown>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#deps.telemetry.write({ event, detail: error instanceof Error ? error.message : 'unknown' })
    }
  }
}
