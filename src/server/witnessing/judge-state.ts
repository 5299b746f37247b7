/** Whether stored history may be continued, given what witnesses saw of it: checks.md L12. Pure. @module */
import { sameBytes } from '../../core/encoding/bytes.ts'
import type { Checkpoint } from '../../core/log/index.ts'
import { StateError } from '../../errors.ts'
import type { WitnessedOrigin } from './find-witnessed.ts'

export interface StoredState {
  /** The newest log of this lineage as the disk has it; undefined when it has none. */
  readonly stored: Checkpoint | undefined
  /** What the witnesses know of this host, oldest first. */
  readonly witnessed: readonly Pick<WitnessedOrigin, 'origin' | 'size' | 'root'>[]
  /** Other logs that the store holds: earlier ones of this lineage, and those of other gateways of the host. */
  readonly known?: ReadonlySet<string>
}

/**
 * `current` when no witness saw more than the disk has: neither a larger checkpoint of the newest log, nor a later log. A host that puts
 * an old copy back cannot make the witnesses forget.
 * @returns StateError STATE_ROLLBACK otherwise: thrown by whoever refuses, reported by whoever names the witnessed checkpoint and goes on
 */
export function judgeState({ stored, witnessed, known = new Set() }: StoredState): 'current' | StateError {
  const place = witnessed.findIndex(({ origin }) => origin === stored?.origin)
  const newest = witnessed[place]
  if (stored !== undefined && newest !== undefined) {
    if (newest.size > stored.size)
      return behind(`the store has ${stored.size} leaves of ${stored.origin}, a witness saw ${newest.size}`)
    if (newest.size === stored.size && !sameBytes(newest.root, stored.root))
      return behind(
        `the store has another tree of ${stored.origin} than the one of ${newest.size} leaves that a witness saw`,
      )
  }
  // Ones before the newest stored log are older history: nothing that a boot continues.
  const missing = witnessed.find(({ origin }, i) => i > place && !known.has(origin))
  if (missing === undefined) return 'current'
  return behind(`a witness saw ${missing.origin} with ${missing.size} leaves, and the store does not have that log`)
}

function behind(what: string): StateError {
  return new StateError('STATE_ROLLBACK', what)
}
