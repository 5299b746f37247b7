/** Where history is kept: the port, its driver for folders, and the lease of the one writer. @module */

export { type BackupOptions, backupStore, type Copied, type CopyOptions, restoreStore } from './backup/backup.ts'
export { createStore } from './create-store.ts'
export { createFileStore } from './file/file-store.ts'
export type { DirectoryEntry, DiskFile, FileSystem } from './file/file-system.ts'
export { nodeFiles } from './file/node-files.ts'
export { adoptLineage, type BeginOptions, beginLineage } from './lineage/begin.ts'
export type { Inception } from './lineage/documents.ts'
export { type Lineage, type LineageOptions, openLineage } from './lineage/lineage.ts'
export { nodeProcess, type ProcessFacts } from './lineage/process-facts.ts'
export { isName, isSegment } from './names.ts'
export type { S3Place, StorageConfig } from './storage-config.ts'
export type { Journal, JournalReader, ObjectName, ObjectStore, StoredObject } from './types.ts'
