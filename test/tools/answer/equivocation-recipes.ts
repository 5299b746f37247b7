/** Pairs of receipts: which convict the gateway of their session, and which do not. Fixed keys and salts, so that each run makes the same octets. */
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { EndorsedQuote } from '../../../src/core/evidence/hardware.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import type { EquivocationEvidence, EquivocationKind } from '../../../src/core/receipt/equivocation.ts'
import { testKey } from '../../kit/ed25519.ts'
import { type AnswerRecipe, issueAnswerOn } from '../../kit/issue-answer.ts'

export interface EquivocationPair extends EquivocationEvidence {
  readonly name: string
  readonly title: string
  readonly expect: { readonly kind: EquivocationKind } | { readonly code: FailureCode; readonly check: string }
}

/** No quote is looked at: receipts alone convict. */
const quoteOf = (): EndorsedQuote => ({ tee: 'nitro', document: new Uint8Array(0) })
const issue = (recipe: AnswerRecipe = {}): { readonly session: Uint8Array; readonly receipt: string } =>
  issueAnswerOn(quoteOf, recipe).archive
const first = issue()

function pair(
  head: Pick<EquivocationPair, 'name' | 'title' | 'expect'>,
  second: AnswerRecipe | string,
): EquivocationPair {
  const receipt = typeof second === 'string' ? second : issue(second).receipt
  return { ...head, session: first.session, receipts: [first.receipt, receipt] }
}

const jti = encodeBase64Url(new Uint8Array(16).fill(1))
const otherResponse = { response: encodeUtf8('{"choices":[]}') }
const elsewhere = { claims: () => ({ jti, seq: 7 }) }
const otherNonce = { nonce: new Uint8Array(32).fill(2) }

export const PAIRS: readonly EquivocationPair[] = [
  pair(
    { name: 'same-seq', title: 'two receipts of one number', expect: { kind: 'seq' } },
    { ...otherResponse, ...otherNonce, claims: () => ({ jti }) },
  ),
  pair(
    { name: 'same-jti', title: 'two receipts of one name', expect: { kind: 'jti' } },
    { ...otherResponse, ...otherNonce, claims: () => ({ seq: 7 }) },
  ),
  pair(
    { name: 'same-nonce', title: 'two answers to one request under one nonce', expect: { kind: 'nonce' } },
    { ...otherResponse, ...elsewhere },
  ),
  pair(
    {
      name: 'one-receipt',
      title: 'one receipt, given twice with other disclosures',
      expect: { code: 'EVIDENCE_REPLAY', check: 'distinct' },
    },
    first.receipt.split('~').slice(0, 3).join('~').concat('~'),
  ),
  pair(
    {
      name: 'two-exchanges',
      title: 'receipts of two exchanges',
      expect: { code: 'RECEIPT_CONTEXT', check: 'contradiction' },
    },
    { ...otherResponse, ...otherNonce, ...elsewhere },
  ),
  pair(
    {
      name: 'same-answer',
      title: 'two receipts over one answer to one request',
      expect: { code: 'RECEIPT_CONTEXT', check: 'contradiction' },
    },
    elsewhere,
  ),
  pair(
    {
      name: 'two-requests',
      title: 'answers to two requests that were sent under one nonce',
      expect: { code: 'RECEIPT_CONTEXT', check: 'contradiction' },
    },
    { ...otherResponse, ...elsewhere, request: encodeUtf8('{"model":"demo","messages":[]}') },
  ),
  pair(
    {
      name: 'answer-withheld',
      title: 'one nonce, where what was answered is withheld',
      expect: { code: 'RECEIPT_CONTEXT', check: 'contradiction' },
    },
    issue({ ...otherResponse, ...elsewhere })
      .receipt.split('~')
      .slice(0, 2)
      .join('~')
      .concat('~'),
  ),
  pair(
    {
      name: 'forged',
      title: 'a second receipt that the gateway did not sign',
      expect: { code: 'RECEIPT_SIGNATURE', check: 'second.signature' },
    },
    { ...otherResponse, receiptKey: { ...testKey(0x01), sign: testKey(0x09).sign } },
  ),
  pair(
    {
      name: 'stranger',
      title: 'a second receipt of another key',
      expect: { code: 'KEY_UNATTESTED', check: 'second.key' },
    },
    { ...otherResponse, receiptKey: testKey(0x09) },
  ),
  pair(
    {
      name: 'other-session',
      title: 'a second receipt of another session',
      expect: { code: 'EVIDENCE_DIGEST_MISMATCH', check: 'second.session' },
    },
    { ...otherResponse, claims: () => ({ session: digestUri(encodeUtf8('another')) }) },
  ),
]
