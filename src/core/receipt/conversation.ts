/**
 * Chains of receipts: each names the one before it by `exchange.prev`, so that a turn cannot be taken out, put in or moved without the
 * next one showing it. Only the links are judged here: who signed is for `verifyReceipt` and `verifyAnswer`. wire.md section 2. @module
 */
import { sha256Ascii } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { decodeReceipt, type Receipt } from './receipt.ts'

const CHECKS = ['receipts', 'prev'] as const

/** Receipts of one conversation, in its order. Decoded; their signatures are judged elsewhere. */
export interface ReceiptChain {
  readonly receipts: readonly Receipt[]
  /** What the first of them names as its own predecessor: `none` for the beginning of a conversation. */
  readonly begins: string | 'none'
}

/** How a receipt is named by the one that follows it: SHA-256 over the issuer's JWS, whatever is disclosed beside it. */
export function receiptDigest(token: string): string {
  const end = token.indexOf('~')
  return `sha256:${encodeHex(sha256Ascii(end < 0 ? token : token.slice(0, end)))}`
}

/**
 * Whether each receipt follows the one before. That the last one is the newest, and the first the beginning, is for their holder to know.
 * @param tokens the holder's, oldest first; all of it may have been cut and pasted
 */
export function verifyConversation(tokens: readonly string[]): Promise<Verdict<ReceiptChain>> {
  return judge(CHECKS, async (check) => {
    if (tokens.length === 0) check.incomplete('receipts', 'a conversation has at least one receipt')
    const receipts = tokens.map((token) => check.decode('receipts', () => decodeReceipt(token)))
    receipts.forEach((receipt, at) => {
      const before = receipts[at - 1]
      if (before !== undefined) judgeLink(check, receipt, { at, prev: receiptDigest(before.issuerJws) })
    })
    check.pass('prev', `${receipts.length - 1} links`)
    const [first] = receipts
    return { receipts, begins: (first && predecessorOf(first)) ?? 'none' }
  })
}

function judgeLink(
  check: Checker<'prev'>,
  receipt: Receipt,
  { at, prev }: { readonly at: number; readonly prev: string },
): void {
  const named = `receipt ${at + 1} (${receipt.claims.jti})`
  check.that('prev', receipt.disclosed.exchange !== undefined, 'CLAIM_MISSING', {
    fail: `${named}: the exchange is withheld, and with it the predecessor`,
  })
  const said = predecessorOf(receipt)
  check.that('prev', said === prev, 'RECEIPT_CONTEXT', {
    fail: `${named} follows ${said ?? 'none'}, the one before it is ${prev}`,
  })
}

function predecessorOf({ disclosed }: Receipt): string | undefined {
  const said = disclosed.exchange?.['prev']
  return typeof said === 'string' ? said : undefined
}
