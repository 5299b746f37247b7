/** The indexes of logs of this store: whether one names a receipt, without opening its log. @module */
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { findInRuns, listRuns } from './jti-index.ts'
import type { StoredRun } from './stored-run.ts'

/** Logs whose runs are remembered: a few words for each. */
const MAX_REMEMBERED = 4_096

export class StoredIndexes {
  readonly #store: ObjectStore
  readonly #runs: Map<string, readonly StoredRun[]> = new Map()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** @throws MalformedError for a run that is cut or gone: the host could have hidden the receipt */
  async names(id: string, jti: Uint8Array, state: 'over' | 'growing'): Promise<boolean> {
    const known = this.#runs.get(id)
    const runs = known ?? (await listRuns(this.#store, id))
    if (state === 'over' && this.#runs.size < MAX_REMEMBERED) this.#runs.set(id, runs)
    try {
      return (await findInRuns(this.#store, runs, jti)) !== undefined
    } catch (error) {
      this.#runs.delete(id)
      // Repaired under other names meanwhile, perhaps.
      if (known === undefined || !(error instanceof MalformedError)) throw error
      return this.names(id, jti, state)
    }
  }
}
