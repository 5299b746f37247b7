/** The receipts of one call of the OpenAI SDK, also where the SDK shows no response: streams, runners, parsed completions. @module */
import type OpenAI from 'openai'
import { type AttestedReceipt, withReceipt } from '../../client/index.ts'
import { createAttempts } from '../attempts.ts'

export interface ReceiptOption {
  /** Second argument of the SDK's methods; spread it beside options of your own. */
  readonly option: Pick<OpenAI.RequestOptions, 'fetchOptions'>
  /** Of each attempt, in order: with retries the earlier ones are of errors. Those that did not verify reject. */
  readonly attempts: readonly Promise<AttestedReceipt>[]
  /**
   * Of the answer that the SDK shows: of the last attempt. For a stream it resolves when the stream has been read to its end.
   * @throws NotVerifiedError where that answer did not verify; CountersignError ERR_USAGE before anything was answered
   */
  receipt(): Promise<AttestedReceipt>
}

/**
 * Takes part in one call: make one for each.
 *
 * @example
 * const asked = receiptOption()
 * const stream = await client.chat.completions.create({ model, messages, stream: true }, asked.option)
 * for await (const chunk of stream) …
 * const { token, grade } = await asked.receipt()
 */
export function receiptOption(): ReceiptOption {
  const attempts = createAttempts()
  return {
    option: { fetchOptions: withReceipt({}, attempts.note) },
    attempts: attempts.all,
    receipt: attempts.last,
  }
}
