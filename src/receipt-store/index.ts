/**
 * "./receipts": keeps verified answers with their receipts, follows the logs of gateways, writes archives. Browser and Node.
 *
 * @example
 * import { createAttestedFetch } from 'countersign'
 * import { createIndexedDbStore, exportArchive } from 'countersign/receipts'
 *
 * const store = createIndexedDbStore()
 * const fetch = createAttestedFetch({ lock, store })
 * @module
 */

export type { KeptAnswer, LogSighting, ReceiptStore, UpgradedAnswer } from '../client/store.ts'
export { encodeArchive } from '../core/archive/index.ts'
export { type ReceiptChain, verifyConversation } from '../core/receipt/conversation.ts'
export { exportArchive } from './export-archive.ts'
export { createIndexedDbRecords, createIndexedDbStore, type IndexedDbOptions } from './indexed-db.ts'
export type { DatabaseFactory } from './indexed-db-types.ts'
export { createMemoryRecords, createMemoryStore } from './memory.ts'
export type { RecordStamp, Records, RecordWriting } from './records.ts'
export { createReceiptStore, type ReceiptStoreOptions } from './store.ts'
