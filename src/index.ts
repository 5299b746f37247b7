/** Countersign: verifies answers, receipts and evidence, and fetches answers that are verified. Browser and Node. @module */

export {
  type AttestedFetch,
  type AttestedFetchOptions,
  type AttestedReceipt,
  type Channel,
  type ClientDeps,
  type Conversation,
  createAttestedFetch,
  createConversation,
  defaultPolicy,
  NotVerifiedError,
  type ReceiptSink,
  type ReceiptStore,
  receiptOf,
  receiptSink,
  withReceipt,
} from './client/index.ts'
export {
  type Archive,
  decodeArchive,
  decodeEquivocation,
  encodeEquivocation,
} from './core/archive/index.ts'
export {
  type Attestation,
  type AttestationEvidence,
  challengeAnchor,
  type TimeAnchor,
  type Trust,
  verifyAttestation,
} from './core/evidence/attestation.ts'
export { verifyEvidence } from './core/evidence/bare.ts'
export { type EndorsedQuote, type HardwareAttestation, measurementsOf } from './core/evidence/hardware.ts'
export type { Quote } from './core/evidence/quoter.ts'
export { decodeSession, type Session } from './core/evidence/session.ts'
export { decodeStatement, type Statement, statementReportData } from './core/evidence/statement.ts'
export type { WitnessedQuote } from './core/evidence/witnesses.ts'
export type { FailureCode } from './core/failure-codes.ts'
export { decodeLock, type Lock, type LockRow } from './core/lock.ts'
export {
  decodeNitroDocument,
  type NitroDocument,
  type NitroPolicy,
  nitroPolicyOf,
  STRICT_NITRO_POLICY,
  verifyNitroDocument,
} from './core/nitro/index.ts'
export { decodePolicy, type Grade, type Policy } from './core/policy.ts'
export { type AnswerEvidence, type AnswerTime, type VerifiedAnswer, verifyAnswer } from './core/receipt/answer.ts'
export type { ReceiptClaims } from './core/receipt/claims.ts'
export { receiptDigest } from './core/receipt/conversation.ts'
export {
  type Equivocation,
  type EquivocationEvidence,
  type EquivocationKind,
  verifyEquivocation,
} from './core/receipt/equivocation.ts'
export { EventStreamDigest, type StreamDigest } from './core/receipt/event-stream.ts'
export { type QuotedReceipt, verifyQuoted } from './core/receipt/grade.ts'
export { decodeReceipt, type Receipt } from './core/receipt/receipt.ts'
export {
  type HeldExchange,
  type HeldOctets,
  holdOctets,
  type SignedReceipt,
  verifyReceipt,
} from './core/receipt/verify.ts'
export {
  CLOUD_SNP_POLICY,
  decodeSnpReport,
  type SnpEndorsements,
  type SnpPolicy,
  type SnpReport,
  STRICT_SNP_POLICY,
  snpPolicyOf,
  verifySnpReport,
} from './core/snp/index.ts'
export {
  decodeTdxQuote,
  STRICT_TDX_POLICY,
  type TdxCollateral,
  type TdxPolicy,
  tdxPolicyOf,
  verifyTdxQuote,
} from './core/tdx/index.ts'
export {
  assertVerified,
  type Check,
  type CheckStatus,
  isVerified,
  type Verdict,
  type Verified,
} from './core/verdict.ts'
export { CountersignError, type ErrorCode, MalformedError } from './errors.ts'
