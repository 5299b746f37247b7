/** What the client needs of its runtime. Defaults are the platform's own. @module */

export interface ClientDeps {
  readonly fetch: typeof globalThis.fetch
  /** The verifier's own clocks: wall time for judging, monotonic milliseconds for ages. */
  readonly clock: { now(): Date; monotonicMs(): number }
  readonly random: (size: number) => Uint8Array
  /** Resolves after `ms`; used between polls. */
  readonly sleep: (ms: number) => Promise<void>
  /** Told in words of what an application should hear of although nothing is thrown: storage that fails, answers that are let through. */
  readonly warn: (message: string) => void
}

/** The platform's fetch, clocks, randomness and timers, with any of them replaced. */
export function createClientDeps(replaced: Partial<ClientDeps> = {}): ClientDeps {
  return {
    fetch: (input, init) => globalThis.fetch(input, init),
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random: (size) => globalThis.crypto.getRandomValues(new Uint8Array(size)),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    // biome-ignore lint/suspicious/noConsole: the one place; whoever wants to hear it elsewhere replaces it
    warn: (message) => console.warn(message),
    ...replaced,
  }
}
