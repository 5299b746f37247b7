/** Files beside the log that are there whole or not at all. @module */
import { dirname } from 'node:path'
import type { FileSystem } from '../log/index.ts'

/** Replaces a file: temporary name, sync, rename, sync of the directory. One writer for each path. */
export async function replaceFile(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path)
  const temporary = `${path}.tmp`
  await files.createDirectory(directory)
  await files.remove(temporary)
  const file = await files.create(temporary)
  try {
    await file.append(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(temporary, path)
  await files.syncDirectory(directory)
}
