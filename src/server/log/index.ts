/** The receipt logs of this boot and of earlier ones: durable, tiled, readable by anyone. Node only. @module */
export { createReceiptLog } from './create-log.ts'
export { StoredIndexes } from './jti-index/stored-indexes.ts'
export { type RecoveredLog, type RecoveredReceipt, recoverLog } from './recover-log.ts'
export { removeSealedBefore } from './retention.ts'
export { scrubLog } from './scrub/scrub-log.ts'
export type { CorruptObject, ScrubOptions, ScrubReport } from './scrub/types.ts'
export { openStoredLog } from './stored-log.ts'
export type {
  LogClock,
  LogCounts,
  LogDeps,
  LogFrontier,
  LogOptions,
  LogSigner,
  LogTimers,
  PublishedLog,
  ReceiptInput,
  ReceiptLog,
  SealedReceipt,
  StoredLog,
} from './types.ts'
export type { WalTail } from './wal-scan.ts'
