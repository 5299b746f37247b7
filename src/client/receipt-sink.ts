/**
 * Asks for the receipts of one request. Clients that hide the response pass what they are given for it on to fetch: the OpenAI SDK does so
 * with `fetchOptions`, each time that it tries. @module
 */
import type { AttestedReceipt } from './receipt.ts'

/** In the init of a request. Of the registry, so that two copies of this module understand each other. */
export const receiptSink: unique symbol = Symbol.for('countersign.receipt')

/**
 * Called for each attempt that was answered, before the application has the answer, with the promise of that answer's receipt. It rejects
 * as that of {@link receiptOf} does. For streams it resolves when the stream has been read to its end.
 */
export type ReceiptSink = (receipt: Promise<AttestedReceipt>) => void

export interface SinkInit extends RequestInit {
  readonly [receiptSink]?: ReceiptSink
}

/**
 * The init with a sink in it. It is lost in `new Request(url, init)`: give it to the fetch itself.
 *
 * @example
 * const stream = await client.chat.completions.create(params, { fetchOptions: withReceipt({}, (receipt) => { last = receipt }) })
 */
export function withReceipt<Init extends object>(init: Init, sink: ReceiptSink): Init {
  return { ...init, [receiptSink]: sink }
}
