/** The disk, where the log still asks for it by this name. @module */
export type { DiskFile as LogFile, FileSystem } from '../../storage/file/file-system.ts'
export { nodeFiles } from '../../storage/file/node-files.ts'
