/** The client: a fetch that verifies. @module */
export { type AttestedFetch, createAttestedFetch } from './attested-fetch.ts'
export type { Channel, ChannelGateway, ChannelResponse, ConnectionChallenge, OpenChannel } from './channel.ts'
export type { ClientDeps } from './deps.ts'
export { NotVerifiedError } from './errors.ts'
export type { AttestedFetchOptions } from './options.ts'
export type { AttestedReceipt } from './receipt.ts'
export { receiptOf } from './receipt-of.ts'
export { type ReceiptSink, receiptSink, type SinkInit, withReceipt } from './receipt-sink.ts'
