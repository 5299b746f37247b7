/** Turns of one conversation, each bound to the one before: the receipt of every answer names the receipt that its request followed. @module */
import { receiptDigest } from '../core/receipt/conversation.ts'
import type { AttestedFetch } from './attested-fetch.ts'
import type { AttestedReceipt } from './receipt.ts'
import { receiptSink, type SinkInit, withReceipt } from './receipt-sink.ts'

export interface Conversation {
  /** For one conversation alone. Requests are sent one after the other. */
  readonly fetch: AttestedFetch
  /** Receipts of the turns so far, in their order: for `verifyConversation`. */
  readonly receipts: readonly AttestedReceipt[]
}

interface Turn {
  readonly response: Response
  /** Settled when it is known whether the turn is a link. */
  readonly ends: readonly Promise<unknown>[]
}

/**
 * Each request waits for the receipt of the one before, so a stream must be read to its end, or cancelled, before the next request leaves.
 * A turn whose answer did not verify, broke or was cancelled is no link: the next request follows the last receipt that verified. An answer
 * with an error status is one like any other, and so is each attempt of a client that tries again.
 *
 * @example
 * const { fetch, receipts } = createConversation(createAttestedFetch({ lock }))
 */
export function createConversation(attested: AttestedFetch): Conversation {
  const receipts: AttestedReceipt[] = []
  let turn: Promise<unknown> = Promise.resolve()

  async function take(input: Parameters<AttestedFetch>[0], init: SinkInit): Promise<Turn> {
    const before = receipts.at(-1)
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined))
    if (before !== undefined) headers.set('inference-receipt-prev', receiptDigest(before.token))
    const ends: Promise<unknown>[] = []
    const sink = (receipt: Promise<AttestedReceipt>): void => {
      ends.push(receipt.then((verified) => receipts.push(verified)).catch(() => undefined))
      init[receiptSink]?.(receipt)
    }
    return { response: await attested(input, withReceipt({ ...init, headers }, sink)), ends }
  }

  return {
    fetch: (input, init: SinkInit = {}) => {
      const taken = turn.then(() => take(input, init))
      turn = taken.then(({ ends }) => Promise.all(ends)).catch(() => undefined)
      return taken.then(({ response }) => response)
    },
    receipts,
  }
}
