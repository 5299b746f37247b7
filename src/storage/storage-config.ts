/** What a configuration says of the store. @module */

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
