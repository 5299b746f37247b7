/** Which receipt belongs to which response, and to what was parsed out of it. @module */
import { CountersignError } from '../errors.ts'
import type { AttestedReceipt } from './receipt.ts'

const receipts: WeakMap<object, Promise<AttestedReceipt>> = new WeakMap()
/** Reads of a response that give an object of their own. */
const READS = ['json', 'blob', 'arrayBuffer'] as const

/**
 * The receipt of an answer that an attested fetch gave: by the response, by a clone of it, or by the object that its `json()` gave, as
 * clients hand on (`receiptOf(completion)` with the OpenAI SDK). For a stream it resolves when the stream has been read to its end, and
 * rejects when the stream breaks, is cancelled or does not verify.
 * @throws CountersignError ERR_USAGE for anything else: a copy of the object too
 */
export function receiptOf(answer: object): Promise<AttestedReceipt> {
  const receipt = receipts.get(answer)
  if (receipt === undefined)
    throw new CountersignError('ERR_USAGE', 'this does not come from an attested fetch, or bears no receipt')
  return receipt
}

/** Lets {@link receiptOf} find the receipt by the response and by what is read from it. */
export function bearReceipt(response: Response, receipt: Promise<AttestedReceipt>): Response {
  const remember = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) receipts.set(value, receipt)
    return value
  }
  for (const name of READS) {
    const read = async (): Promise<unknown> => remember(await Response.prototype[name].call(response))
    Object.defineProperty(response, name, { value: read, configurable: true, writable: true })
  }
  const clone = (): Response => bearReceipt(Response.prototype.clone.call(response), receipt)
  Object.defineProperty(response, 'clone', { value: clone, configurable: true, writable: true })
  return remember(response)
}
