/** "./node": what the client adds in Node: policy and lock files. @module */
export { type AttestedFetchOptions, createAttestedFetch, receiptOf } from '../client/index.ts'
export { type EarContext, encodeEar } from '../core/archive/index.ts'
export { encodeLock } from '../core/lock.ts'
export { createDiskCache, type DiskCacheOptions } from './collateral-cache.ts'
export { createPinnedDispatcher } from './pinned-dispatcher.ts'
export { createFileReceiptStore, createFileRecords } from './receipt-files.ts'
export { createTlsChannel, type TlsChannelOptions } from './tls-channel.ts'
export { readLock, readPolicy } from './trust-files.ts'
