/** The cosigned checkpoints of one log: of its tree, and by the quorum that the policy names. @module */
import { sameBytes } from '../core/encoding/bytes.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { type LogIdentity, verifyCheckpoint, verifyWitnessedCheckpoint, type WitnessPolicy } from '../core/log/index.ts'
import { failedCheck, type Verdict } from '../core/verdict.ts'
import type { LogCheck } from './checks.ts'
import type { Findings } from './findings.ts'
import type { LogReader } from './log-reader.ts'
import type { Standing } from './walk.ts'

/** A cosigned checkpoint that is of the tree. */
export interface WitnessedPlace {
  readonly size: number
  /** Seconds since 1970 at which the quorum had seen it; undefined where no quorum is judged or it is not met. */
  readonly time: number | undefined
}

export class WitnessWalk {
  readonly #source: { readonly reader: LogReader; readonly id: string }
  readonly #log: LogIdentity
  readonly #policy: WitnessPolicy | 'unchecked'
  readonly #findings: Findings<LogCheck>
  readonly #places: WitnessedPlace[] = []

  constructor(
    source: { readonly reader: LogReader; readonly id: string },
    { log, policy }: { readonly log: LogIdentity; readonly policy: WitnessPolicy | 'unchecked' },
    findings: Findings<LogCheck>,
  ) {
    this.#source = source
    this.#log = log
    this.#policy = policy
    this.#findings = findings
  }

  /** Ascending. */
  get places(): readonly WitnessedPlace[] {
    return this.#places
  }

  async reach({ size, root }: Standing): Promise<void> {
    const { reader, id } = this.#source
    const octets = await reader.read(id, `witnessed/${size}`)
    if (octets === undefined) {
      this.#findings.missing('witnessed-roots', `the cosigned checkpoint of size ${size} is listed and not there`)
      return
    }
    const note = await this.#findings.attempt('witnessed-roots', () => decodeUtf8(octets), { index: size })
    if (note === undefined) return
    const verdict = await verifyCheckpoint({ checkpoint: note, ...this.#log })
    if (!verdict.ok) {
      this.#findings.fail('witnessed-roots', verdict.code, { detail: detailOf(verdict, size), index: size })
      return
    }
    // Witnesses saw this tree: another one under the same size proves the fork.
    const isOfTree = verdict.value.size === size && sameBytes(verdict.value.root, root)
    this.#findings.that('witnessed-roots', isOfTree, 'LOG_SPLIT_VIEW', {
      detail: `witnesses cosigned another tree of ${verdict.value.size} leaves than the log shows`,
      index: size,
    })
    if (isOfTree) this.#places.push({ size, time: await this.#timeOf(note, size) })
  }

  async #timeOf(note: string, size: number): Promise<number | undefined> {
    if (this.#policy === 'unchecked') return undefined
    const verdict = await verifyWitnessedCheckpoint({ checkpoint: note, ...this.#log }, this.#policy)
    if (!verdict.ok) {
      this.#findings.fail('cosignatures', verdict.code, { detail: detailOf(verdict, size), index: size })
      return undefined
    }
    this.#findings.pass('cosignatures')
    return Math.floor(verdict.value.time.getTime() / 1000)
  }

  /** @param listed cosigned checkpoints that the host lists */
  close(listed: number): void {
    if (listed === 0) this.#findings.unchecked('witnessed-roots', 'no checkpoint is kept with cosignatures')
    if (this.#policy === 'unchecked') this.#findings.unchecked('cosignatures', 'policy: unchecked')
    else if (listed === 0) this.#findings.missing('cosignatures', 'policy names witnesses, and none has cosigned')
    const until = this.#places.at(-1)?.size
    if (until !== undefined && !this.#findings.failed('witnessed-roots'))
      this.#findings.pass('witnessed-roots', `${this.#places.length}, the newest of ${until} leaves`)
  }
}

function detailOf({ checks }: Verdict<unknown>, size: number): string {
  const failed = failedCheck(checks)
  return `the cosigned checkpoint of size ${size}: ${failed?.detail ?? 'not verified'}`
}
