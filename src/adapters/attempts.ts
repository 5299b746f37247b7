/** The receipts of one call of an SDK, which may have asked more than once: each attempt has its own, and the last one is the answer's. @module */
import type { AttestedReceipt } from '../client/index.ts'
import { CountersignError } from '../errors.ts'

export interface Attempts {
  /** In the order in which they were sent. Those of streams settle at the stream's end; those that did not verify reject. */
  readonly all: readonly Promise<AttestedReceipt>[]
  /** Keeps the receipt of one more attempt. */
  note(receipt: Promise<AttestedReceipt>): void
  /** Of the answer that the SDK shows. @throws CountersignError ERR_USAGE before anything was asked */
  last(): Promise<AttestedReceipt>
}

export function createAttempts(): Attempts {
  const all: Promise<AttestedReceipt>[] = []
  return {
    all,
    note: (receipt) => {
      // Whoever does not ask for the receipt sees the failure on the call itself.
      receipt.catch(() => undefined)
      all.push(receipt)
    },
    last: () => {
      const last = all.at(-1)
      if (last !== undefined) return last
      return Promise.reject(new CountersignError('ERR_USAGE', 'nothing was asked of the gateway yet'))
    },
  }
}
