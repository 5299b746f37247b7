/**
 * Asks the witnesses to cosign checkpoints as the log grows. Answers never wait for it, and a witness that fails costs the others nothing.
 *
 * All witnesses are asked for the same checkpoint, the target. Were each to take the newest one whenever it is free, slow and fast ones
 * might never cosign the same size. The target moves on to the newest checkpoint once the quorum cosigned it, or every witness answered
 * for it or is resting after a failure. @module
 */
import type { SignedCheckpoint, WitnessPolicy } from '../../core/log/index.ts'
import type { Cancel, Clock, Timers } from '../deps.ts'
import { connectWitness, type WitnessConnection } from './connection.ts'
import { Cosignatures, type Witnessed } from './cosignatures.ts'
import { type Enrolment, Submitter } from './submitter.ts'
import { WitnessFailure, type WitnessFailureReason } from './witness-failure.ts'

/** For counters and the operator. `witness` is the policy's name for it. */
export type WitnessOutcome =
  | { readonly witness: string; readonly outcome: 'cosigned'; readonly size: number; readonly durationMs: number }
  | { readonly witness: string; readonly outcome: 'enrolled' }
  | { readonly witness: string; readonly outcome: 'failed'; readonly reason: WitnessFailureReason }

export interface WitnessLoopDeps {
  /** Witnesses without an address are not asked. */
  readonly policy: WitnessPolicy
  /** RFC 6962 consistency proof between two sizes of the log, the newer at most that of the newest checkpoint offered. */
  readonly prove: (older: number, newer: number) => Promise<readonly Uint8Array[]>
  /** What is shown to a witness that does not follow the log yet; asked for once in an attempt. */
  readonly enrolment: () => Promise<Enrolment | undefined>
  /** Called once for each size that the quorum cosigned, sizes ascending. */
  readonly onWitnessed: (witnessed: Witnessed) => void
  readonly report: (outcome: WitnessOutcome) => void
  readonly clock: Clock
  readonly timers: Timers
}

interface Track {
  readonly witness: string
  readonly submitter: Submitter
  readonly connection: WitnessConnection
  state: 'idle' | 'asking' | 'resting'
  /** Size that it was done with last. */
  done: number
  failures: number
  cancelRest: Cancel
}

const FIRST_REST_MS = 1_000
const LONGEST_REST_MS = 300_000

export class WitnessLoop {
  readonly #deps: WitnessLoopDeps
  readonly #tracks: readonly Track[]
  readonly #cosignatures: Cosignatures
  readonly #underWay: Set<Promise<void>> = new Set()
  #target: SignedCheckpoint | undefined
  #newest: SignedCheckpoint | undefined
  #closed = false

  /** @throws CountersignError ERR_CONFIG for an address that is neither https nor on this machine */
  constructor(deps: WitnessLoopDeps) {
    this.#deps = deps
    this.#cosignatures = new Cosignatures(deps.policy)
    this.#tracks = deps.policy.witnesses.flatMap(({ name, key, url }) => {
      if (url === undefined) return []
      const connection = connectWitness(url, deps.timers)
      const onEnrolled = (): void => deps.report({ witness: name, outcome: 'enrolled' })
      const { prove, enrolment } = deps
      const now = (): Date => deps.clock.now()
      const submitter = new Submitter({ key, connection, prove, enrolment, onEnrolled, now })
      return [{ witness: name, submitter, connection, state: 'idle', done: 0, failures: 0, cancelRest: () => {} }]
    })
  }

  /** The log has a new checkpoint. Returns at once. */
  offer(checkpoint: SignedCheckpoint): void {
    if (this.#closed || checkpoint.size <= (this.#newest?.size ?? 0)) return
    this.#newest = checkpoint
    this.#proceed()
  }

  /** Asks no more and cuts what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { cancelRest } of this.#tracks) cancelRest()
    await Promise.all(this.#tracks.map(({ connection }) => connection.close()))
    await Promise.all(this.#underWay)
  }

  #proceed(): void {
    if (this.#closed) return
    if (this.#target === undefined || this.#isOver(this.#target)) this.#target = this.#newest
    const target = this.#target
    if (target === undefined) return
    for (const track of this.#tracks) {
      if (track.state !== 'idle' || track.done >= target.size) continue
      track.state = 'asking'
      const asked = this.#ask(track, target).finally(() => this.#underWay.delete(asked))
      this.#underWay.add(asked)
    }
  }

  #isOver({ size }: SignedCheckpoint): boolean {
    if (this.#cosignatures.isWitnessed(size)) return true
    return this.#tracks.every(({ state, done }) => state === 'resting' || (state === 'idle' && done >= size))
  }

  async #ask(track: Track, target: SignedCheckpoint): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs()
    const { witness } = track
    try {
      const held = await track.submitter.submit(target, () => this.#newest?.size ?? 0)
      track.state = 'idle'
      track.done = target.size
      track.failures = 0
      if (held !== undefined && !this.#closed) {
        const durationMs = this.#deps.clock.monotonicMs() - startedMs
        this.#deps.report({ witness, outcome: 'cosigned', size: target.size, durationMs })
        const witnessed = this.#cosignatures.add(target, witness, held)
        if (witnessed !== undefined) this.#deps.onWitnessed(witnessed)
      }
    } catch (error) {
      this.#rest(track, error)
    }
    this.#proceed()
  }

  /** Twice as long after each failure in a row, and never longer than five minutes. */
  #rest(track: Track, error: unknown): void {
    if (this.#closed) return
    const reason = error instanceof WitnessFailure ? error.reason : 'protocol'
    this.#deps.report({ witness: track.witness, outcome: 'failed', reason })
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(track.failures, 16))
    track.failures++
    track.state = 'resting'
    track.cancelRest = this.#deps.timers.after(restMs, () => {
      track.state = 'idle'
      this.#proceed()
    })
  }
}
