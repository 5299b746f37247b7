/** Looks at measured weights at a steady pace, and tells of what has changed. @module */
import type { Cancel, Timers } from '../deps.ts'
import type { TelemetrySink } from '../telemetry/types.ts'
import type { ServedModel } from '../upstream/types.ts'
import type { ServedWeights } from './served-weights.ts'

export interface WeightsWatchDeps {
  /** As of now: a changed configuration brings others. */
  readonly models: () => readonly ServedModel[]
  readonly timers: Timers
  readonly telemetry: TelemetrySink
}

const PACE_MS = 10_000

/** Each folder once. */
function weightsOf(models: readonly ServedModel[]): readonly ServedWeights[] {
  return [...new Set(models.flatMap(({ weights }) => weights ?? []))]
}

/** Models whose weights lie there as they were measured; looked at now. A session names no others. */
export async function servableModels(models: readonly ServedModel[]): Promise<readonly ServedModel[]> {
  for (const weights of weightsOf(models)) await weights.look()
  return models.filter(({ weights }) => weights?.change === undefined)
}

export class WeightsWatch {
  readonly #deps: WeightsWatchDeps
  /** What was told last of each folder. */
  readonly #told: WeakMap<ServedWeights, string> = new WeakMap()
  #cancel: Cancel = () => {}
  #closed = false
  #looking: Promise<void> = Promise.resolve()

  constructor(deps: WeightsWatchDeps) {
    this.#deps = deps
  }

  /** Looks now, and goes on for as long as something measured is served. To be called again when other models are. */
  follow(): void {
    this.#cancel()
    this.#looking = this.#looking.then(() => this.#look())
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#looking
  }

  async #look(): Promise<void> {
    this.#cancel()
    const folders = weightsOf(this.#deps.models())
    for (const weights of folders) {
      await weights.look()
      this.#tell(weights)
    }
    if (folders.length > 0 && !this.#closed) this.#cancel = this.#deps.timers.after(PACE_MS, () => this.follow())
  }

  #tell(weights: ServedWeights): void {
    const { directory, root, files, change } = weights
    const state = change === undefined ? `${root}, ${files.length} files` : `weights changed on disk: ${change}`
    if (this.#told.get(weights) === state) return
    this.#told.set(weights, state)
    this.#deps.telemetry.write({ event: 'weights', detail: `${directory}: ${state}` })
  }
}
