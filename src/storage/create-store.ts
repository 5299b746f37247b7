/** The store that a configuration names. @module */
import { createFileStore } from './file/file-store.ts'
import type { StorageConfig } from './storage-config.ts'
import type { ObjectStore } from './types.ts'

/** @param folder where the `file` driver keeps all */
export async function createStore(config: StorageConfig, folder: string): Promise<ObjectStore> {
  if (config.kind === 'file') return createFileStore(folder)
  // Its library is large: only who keeps history in a bucket loads it.
  const { createS3Store } = await import('./s3/s3-store.ts')
  return createS3Store(config)
}
