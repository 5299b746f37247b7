/** The client: a fetch that verifies. @module */
export { type AttestedFetch, type AttestedFetchOptions, createAttestedFetch, receiptOf } from './attested-fetch.ts'
export type { Channel, ChannelGateway, ChannelResponse, ConnectionChallenge, OpenChannel } from './channel.ts'
export type { ClientDeps } from './deps.ts'
export { NotVerifiedError } from './errors.ts'
export type { AttestedReceipt } from './receipt.ts'
