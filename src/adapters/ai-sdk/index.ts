/** `countersign/ai-sdk`: a provider for the Vercel AI SDK whose answers are verified. @module */
export { notVerifiedOf } from '../not-verified.ts'
export type { CheckRecord, ReceiptRecord } from '../receipt-record.ts'
export { type CountersignProvider, type CountersignProviderSettings, createCountersign } from './provider.ts'
