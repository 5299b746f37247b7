/** Which phase the gateway is in, and which requests are under way. @module */

/**
 * `interrupted`: the log has failed and another boot is being begun; nothing is admitted until it has. `failed`: another process writes this
 * history; this one should end.
 */
export type Phase = 'serving' | 'interrupted' | 'draining' | 'failed'

/** One request under way; called when it must come to an end now. */
export type CutShort = () => void

export class Lifecycle {
  #phase: Phase = 'serving'
  readonly #underWay: Set<CutShort> = new Set()
  readonly #onEnd: Set<() => void> = new Set()
  #idle: (() => void)[] = []

  get phase(): Phase {
    return this.#phase
  }

  get underWay(): number {
    return this.#underWay.size
  }

  drain(): void {
    if (this.#phase === 'serving' || this.#phase === 'interrupted') this.#leave('draining')
  }

  interrupt(): void {
    if (this.#phase === 'serving') this.#leave('interrupted')
  }

  resume(): void {
    if (this.#phase === 'interrupted') this.#phase = 'serving'
  }

  fail(): void {
    this.#leave('failed')
  }

  /** Called once, when the gateway stops serving; at once if it has. @returns what to call when nobody needs to know any more */
  onEnd(listener: () => void): () => void {
    if (this.#phase === 'serving') this.#onEnd.add(listener)
    else listener()
    return () => {
      this.#onEnd.delete(listener)
    }
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

  #leave(phase: Phase): void {
    this.#phase = phase
    for (const listener of this.#onEnd) listener()
    this.#onEnd.clear()
  }
}
