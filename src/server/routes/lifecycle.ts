/** Which phase the gateway is in, and which requests are under way. @module */

/** `failed`: the log cannot be made durable; nothing is admitted any more and the process should be replaced. */
export type Phase = 'serving' | 'draining' | 'failed'

/** One request under way; called when it must come to an end now. */
export type CutShort = () => void

export class Lifecycle {
  #phase: Phase = 'serving'
  readonly #underWay: Set<CutShort> = new Set()
  #idle: (() => void)[] = []

  get phase(): Phase {
    return this.#phase
  }

  get underWay(): number {
    return this.#underWay.size
  }

  drain(): void {
    if (this.#phase === 'serving') this.#phase = 'draining'
  }

  fail(): void {
    this.#phase = 'failed'
  }

  /** @returns what to call when the request is over */
  enter(cutShort: CutShort): () => void {
    this.#underWay.add(cutShort)
    return () => {
      this.#underWay.delete(cutShort)
      if (this.#underWay.size > 0) return
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** The drain deadline has passed: what is still under way ends now, with its receipt. */
  cutAll(): void {
    for (const cutShort of this.#underWay) cutShort()
  }
}
