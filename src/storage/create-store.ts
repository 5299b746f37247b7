/** The store that a configuration names. @module */
import { createFileStore } from './file/file-store.ts'
import type { ObjectStore } from './types.ts'

/** Where an object store is, and what of it is ours. Credentials come from the environment, as for any client of one. */
export interface S3Place {
  /** Of a server other than Amazon's, without a path. */
  readonly endpoint?: string
  readonly region: string
  readonly bucket: string
  /** Empty, or ends in a slash. */
  readonly prefix: string
}

export type StorageConfig = { readonly kind: 'file' } | ({ readonly kind: 's3' } & S3Place)

/** @param folder where the `file` driver keeps all */
export async function createStore(config: StorageConfig, folder: string): Promise<ObjectStore> {
  if (config.kind === 'file') return createFileStore(folder)
  // Its library is large: only who keeps history in a bucket loads it.
  const { createS3Store } = await import('./s3/s3-store.ts')
  return createS3Store(config)
}
