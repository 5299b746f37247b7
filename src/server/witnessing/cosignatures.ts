/** Cosignatures gathered by size until the policy's quorum is met: of one checkpoint, never over several. @module */
import { type Cosignature, quorumTime, type SignedCheckpoint, type WitnessPolicy } from '../../core/log/index.ts'
import type { HeldCosignature } from './witness-answer.ts'

/** A checkpoint that the quorum cosigned. */
export interface Witnessed {
  /** Body, the log's signature, and the cosignatures in the order in which the policy names the witnesses. */
  readonly note: string
  readonly size: number
  /** The least time by which the quorum had cosigned. */
  readonly timeSeconds: number
}

interface Gathered {
  readonly checkpoint: SignedCheckpoint
  readonly held: Map<string, HeldCosignature>
}

/** Sizes of which cosignatures are kept: while witnesses come and go, a few are under way at once. */
const MAX_SIZES = 16

export class Cosignatures {
  readonly #policy: WitnessPolicy
  readonly #gathered: Map<number, Gathered> = new Map()
  #newest = 0

  constructor(policy: WitnessPolicy) {
    this.#policy = policy
  }

  /** Whether the quorum cosigned this size or a larger one. */
  isWitnessed(size: number): boolean {
    return size <= this.#newest
  }

  /** Undefined until the quorum is met, and again after that: each size is witnessed once, and none after a larger one. */
  add(checkpoint: SignedCheckpoint, witness: string, held: HeldCosignature): Witnessed | undefined {
    const { size } = checkpoint
    if (this.isWitnessed(size)) return undefined
    const gathered = this.#gathered.get(size) ?? { checkpoint, held: new Map() }
    gathered.held.set(witness, held)
    this.#gathered.set(size, gathered)
    const cosignatures: readonly Cosignature[] = [...gathered.held.values()].map(({ cosignature }) => cosignature)
    const timeSeconds = quorumTime(this.#policy, cosignatures)
    if (timeSeconds === undefined) {
      this.#forget()
      return undefined
    }
    this.#newest = size
    this.#forget()
    const lines = this.#policy.witnesses.map(({ name }) => gathered.held.get(name)?.line ?? '')
    return { note: checkpoint.note + lines.join(''), size, timeSeconds }
  }

  #forget(): void {
    const sizes = [...this.#gathered.keys()].sort((a, b) => b - a)
    for (const [i, size] of sizes.entries()) if (i >= MAX_SIZES || this.isWitnessed(size)) this.#gathered.delete(size)
  }
}
