/** `countersign/openai`: receipts of what the OpenAI SDK asks through an attested fetch. @module */
export { receiptOf } from '../../client/index.ts'
export { notVerifiedOf } from '../not-verified.ts'
export { type ReceiptOption, receiptOption } from './receipt-option.ts'
