/** What an answer carries beside itself, before any of it is verified: the receipt, its id, its list of changes. @module */
import { decodeBase64Url } from '../core/encoding/base64.ts'
import { decodeReceipt, receiptJti } from '../core/receipt/receipt.ts'
import { MalformedError } from '../errors.ts'
import { NotVerifiedError } from './errors.ts'

/** The refusal of an answer without a receipt. */
export function missingReceipt(): NotVerifiedError {
  return new NotVerifiedError('RECEIPT_MISSING', [
    {
      name: 'receipt',
      status: 'fail',
      required: true,
      detail: 'the answer carries no receipt',
      code: 'RECEIPT_MISSING',
    },
  ])
}

/** How many changes an unverified receipt lists; what does not decode is left to the verifier to refuse by name. */
export function readTransforms(token: string): number {
  try {
    return decodeReceipt(token).disclosed.forwarded?.transforms.length ?? 0
  } catch (error) {
    if (error instanceof MalformedError) return 0
    throw error
  }
}

/** Whether a retrieval id is that of the receipt with this `jti`. */
export function ridNames(rid: string, jti: string): boolean {
  try {
    return receiptJti(decodeBase64Url(rid)) === jti
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}
