/** What a scrub reports. @module */

/** Something stored that is not what the log wrote. */
export interface CorruptObject {
  /**
   * `entry` a leaf in a bundle, `tile` hashes, `wal` a group or a preamble of the write-ahead log, `sealed` a sealed record, `index` a run
   * of the index, `document` a genesis or session.
   */
  readonly what: 'entry' | 'tile' | 'wal' | 'sealed' | 'checkpoint' | 'index' | 'document'
  /** The leaf that is concerned, the first one where they are several; 0 where it is none. */
  readonly index: number
  /** The object. */
  readonly name: string
  readonly repaired: boolean
}

export interface ScrubReport {
  /** Of the last checkpoint. */
  readonly leaves: number
  /** Of the write-ahead log. */
  readonly groups: number
  /** Of the write-ahead log. */
  readonly octets: number
  readonly corrupt: readonly CorruptObject[]
}

export interface ScrubOptions {
  /** Whether tiles, bundles and runs of the index are restored from the write-ahead log. */
  readonly repair: boolean
  readonly onProgress?: (progress: { readonly leaves: number; readonly octets: number }) => void
}
