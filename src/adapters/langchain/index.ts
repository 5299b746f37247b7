/** `countersign/langchain`: a LangChain chat model whose answers are verified. @module */
export { notVerifiedOf } from '../not-verified.ts'
export type { CheckRecord, ReceiptRecord } from '../receipt-record.ts'
export { type CountersignChatFields, createCountersignChat } from './chat-model.ts'
