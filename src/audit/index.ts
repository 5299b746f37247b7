/** Audits of whole histories: every leaf, every quote, every link between boots. Isomorphic: readers and clocks come from outside. @module */
export { type AuditOptions, type AuditReport, auditLogs } from './audit.ts'
export type { LogAudit } from './audit-log.ts'
export type { AuditCheck } from './findings.ts'
export { createFolderReader, type FolderReaderOptions, type LogStore } from './folder-reader.ts'
export { createHttpReader, gatewayBase, type HttpReaderOptions } from './http-reader.ts'
export type { LogListing, LogReader } from './log-reader.ts'
export type { WitnessedPlace } from './witnessed.ts'
