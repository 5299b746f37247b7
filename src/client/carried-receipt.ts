/** What an answer carries beside itself, before any of it is verified: the receipt, its id, its list of changes. @module */
import { decodeBase64Url } from '../core/encoding/base64.ts'
import { decodeReceipt, type Receipt, receiptJti } from '../core/receipt/receipt.ts'
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

/** A receipt that nobody has verified; what does not decode is left to the verifier to refuse by name. */
export function readReceipt(token: string): Receipt | undefined {
  try {
    return decodeReceipt(token)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** The signed part of a token: what stays whatever is disclosed. */
export function issuerJws(token: string): string {
  return token.slice(0, token.indexOf('~'))
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
