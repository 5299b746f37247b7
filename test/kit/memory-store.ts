/** The file store on a disk in memory, of which each step can fail or be the last one. @module */
import { createFileStore, type ObjectStore } from '../../src/storage/index.ts'
import { MemoryFiles } from './memory-files.ts'

/** Where objects lie on the disk: `files.read(memoryPath('log/…'))`. */
export const MEMORY_ROOT = '/data'

/** @param files a disk; one after a crash, to open what it left */
export function createMemoryStore(files: MemoryFiles = new MemoryFiles()): ObjectStore {
  return createFileStore(MEMORY_ROOT, files)
}

/** The path of an object on the disk in memory. */
export function memoryPath(name: string): string {
  return `${MEMORY_ROOT}/${name}`
}
