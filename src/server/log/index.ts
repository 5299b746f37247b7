/** The receipt log of one boot on disk: durable, tiled, readable by anyone. Node only. @module */
export { createReceiptLog } from './create-log.ts'
export { type FileSystem, type LogFile, nodeFiles } from './file-system.ts'
export { readLogFile } from './log-files.ts'
export type {
  LogCounts,
  LogDeps,
  LogFrontier,
  LogSigner,
  ReceiptInput,
  ReceiptLog,
  SealedReceipt,
} from './types.ts'
export type { DecodedGroup } from './wal-format.ts'
export { readWriteAheadLog, type WalContents, type WalTail } from './wal-reader.ts'
