/**
 * The rule for `quoted`, the heart of the product. wire.md section 5:
 * inclusion of the receipt's 0x01 leaf in a checkpoint that is byte-equal to `statement.checkpoint` of a verified quote; that
 * statement's session equals the receipt's; log key = session's; origin = log.origin; index < size; seq < counts.receipts and
 * seq < index. @module
 */
import type { Attestation } from '../evidence/attestation.ts'
import { verifyInclusion } from '../log/index.ts'
import { type Checker, judge, type Verdict, type Verified } from '../verdict.ts'
import { isCheckpointSignedBy } from './checkpoint-key.ts'
import { receiptEntry } from './receipt.ts'
import type { SignedReceipt } from './verify.ts'

/** Where in history a receipt stands. */
export interface QuotedReceipt {
  /** 0-based place in the log. */
  readonly index: number
  /** Size of the quoted checkpoint. */
  readonly size: number
}

const CHECKS = ['statement-session', 'checkpoint-key', 'checkpoint-quoted', 'origin', 'position', 'issued'] as const

/** Session, log and newest statement: attested or, while an answer is judged as a whole, about to be. */
export type StatementView = Pick<Attestation, 'session' | 'sessionDigest' | 'logKey' | 'statement' | 'checkpoint'>

/** Judges the rule under a statement whose quote is judged elsewhere. Not public: alone it proves nothing about hardware. */
export function judgeQuoted(
  signed: Verified<SignedReceipt>,
  view: StatementView,
  proof: string,
): Promise<Verdict<QuotedReceipt>> {
  return judge(CHECKS, (check) => checkQuoted(check, signed, view, proof))
}

async function checkQuoted(
  check: Checker<(typeof CHECKS)[number]>,
  { claims, receipt }: Verified<SignedReceipt>,
  view: StatementView,
  proof: string,
): Promise<QuotedReceipt> {
  const { statement, session, sessionDigest, logKey } = view
  check.that(
    'statement-session',
    claims.session === sessionDigest && statement.session === sessionDigest,
    'CHECKPOINT_NOT_QUOTED',
    {
      pass: sessionDigest,
      fail: 'the quote is of another session',
    },
  )
  // The proof is whatever the host hands over: its checkpoint must be signed by the session's log key, then be the quoted one to the octet.
  const proven = await verifyInclusion({
    proof,
    entry: receiptEntry(receipt.issuerJws),
    vkey: session.keys.log,
    origin: logKey.name,
  })
  const misused =
    !proven.ok && proven.code === 'CHECKPOINT_SIGNATURE' && (await isCheckpointSignedBy(proof, session.keys.receipt))
  check.that('checkpoint-key', !misused, 'KEY_PURPOSE', {
    pass: 'not the receipt key',
    fail: 'the checkpoint is signed by the receipt key',
  })
  const { index, checkpoint, body } = check.include('proof', proven)
  check.that('checkpoint-quoted', body === statement.checkpoint, 'CHECKPOINT_NOT_QUOTED', {
    pass: `size ${checkpoint.size}`,
    fail: `the checkpoint of the proof has size ${checkpoint.size}, that of the quote ${view.checkpoint.size}; both must be one, to the octet`,
  })
  check.that('origin', claims.log.origin === checkpoint.origin, 'LOG_ORIGIN', {
    pass: checkpoint.origin,
    fail: `${checkpoint.origin} is not the log of the receipt`,
  })
  const { receipts } = statement.counts
  const placed = index < checkpoint.size && claims.seq < receipts && claims.seq < index
  check.that('position', placed, 'CHECKPOINT_NOT_QUOTED', {
    pass: `leaf ${index}, receipt ${claims.seq} of ${receipts}`,
    fail: `leaf ${index} of ${checkpoint.size}, receipt ${claims.seq} of ${receipts} do not fit together`,
  })
  check.that('issued', claims.iat <= statement.iat, 'RECEIPT_TIME', {
    pass: new Date(statement.iat * 1000).toISOString(),
    fail: 'the receipt is dated after the statement that covers it',
  })
  return { index, size: checkpoint.size }
}

/**
 * @param attestation the verified quote whose statement carries the checkpoint; not necessarily the one the receipt was verified under
 * @param proof C2SP tlog-proof of the receipt's leaf, as received
 */
export function verifyQuoted(
  signed: Verified<SignedReceipt>,
  attestation: Verified<Attestation>,
  proof: string,
): Promise<Verdict<QuotedReceipt>> {
  return judge(CHECKS, (check) => {
    check.restsOn(signed)
    check.restsOn(attestation)
    return checkQuoted(check, signed, attestation, proof)
  })
}
