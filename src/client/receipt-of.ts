/** Which receipt belongs to which response. @module */
import { CountersignError } from '../errors.ts'
import type { AttestedReceipt } from './receipt.ts'

const receipts: WeakMap<Response, Promise<AttestedReceipt>> = new WeakMap()

/**
 * The receipt of an answer that an attested fetch gave. For a stream it resolves when the stream has been read to its end, and rejects
 * when the stream breaks, is cancelled or does not verify.
 * @throws CountersignError ERR_USAGE for any other response
 */
export function receiptOf(response: Response): Promise<AttestedReceipt> {
  const receipt = receipts.get(response)
  if (receipt === undefined)
    throw new CountersignError('ERR_USAGE', 'this response does not come from an attested fetch, or bears no receipt')
  return receipt
}

/** Lets {@link receiptOf} find the receipt by the response. */
export function bearReceipt(response: Response, receipt: Promise<AttestedReceipt>): Response {
  receipts.set(response, receipt)
  return response
}
