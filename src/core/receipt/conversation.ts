/**
 * Chains of receipts: each names the one before it by `exchange.prev`, so that a turn cannot be taken out, put in or moved without the
 * next one showing it; what is remembered and what tools gave goes on from turn to turn. Only the links are judged here: who signed is for
 * `verifyReceipt` and `verifyAnswer`. wire.md section 2. @module
 */
import { sha256Ascii } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { checkRemembered, checkToolResults, type Turn } from './check-turns.ts'
import { decodeReceipt, type Receipt } from './receipt.ts'
import { readRunMembers } from './run.ts'

const CHECKS = ['receipts', 'prev', 'memory', 'tools'] as const

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
 * Whether each receipt follows the one before, and goes on from what that one left. That the last one is the newest, and the first the beginning, is for their holder to know.
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
    const turns = check.decode('receipts', () => receipts.map(turnOf))
    checkRemembered(check, turns)
    checkToolResults(check, turns)
    const [first] = receipts
    return { receipts, begins: (first && predecessorOf(first)) ?? 'none' }
  })
}

function turnOf(receipt: Receipt): Turn {
  const { claims, disclosed, issuerJws } = receipt
  const { dependencies, exchange } = disclosed
  return {
    name: claims.jti,
    digest: receiptDigest(issuerJws),
    isWhole: claims.outcome === 'complete',
    dependencies: dependencies ?? 'withheld',
    run: exchange === undefined ? 'withheld' : readRunMembers(exchange),
  }
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
