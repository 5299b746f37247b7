/** Where an audit reads from. What it gives is the host's: nothing of it is believed before it is verified. @module */

/** The logs that a host shows. */
export interface LogListing {
  /** As the host calls itself; undefined where a folder does not say. */
  readonly host: string | undefined
  /** Ids of the logs, newest first as far as the source knows: the audit goes by what each genesis says. */
  readonly ids: readonly string[]
}

/** Reads what a gateway publishes. Rejections: CountersignError ERR_NETWORK when the source cannot be asked now. */
export interface LogReader {
  /** @throws MalformedError when the listing is out of form */
  logs(): Promise<LogListing>
  /** Sizes of the checkpoints with a record of evidence, ascending. @throws MalformedError when the listing is out of form */
  evidenceSizes(id: string): Promise<readonly number[]>
  /** Sizes of the checkpoints that are kept with cosignatures, ascending. @throws MalformedError when the listing is out of form */
  witnessedSizes(id: string): Promise<readonly number[]>
  /**
   * A published file below `log/<id>/`; undefined when there is none.
   * @param path as a URL has it: `checkpoint`, `genesis`, `epoch/<n>`, `tile/…`, `session/<hex>`, `evidence/<size>`, `witnessed/<size>`
   * @throws MalformedError EVIDENCE_TOO_LARGE above the limit of its kind
   */
  read(id: string, path: string): Promise<Uint8Array | undefined>
}

/** Octets of the largest file of each kind: nothing larger is genuine, and nothing larger is read into memory. */
const LIMITS: readonly (readonly [string, number])[] = [
  ['checkpoint', 131_072],
  ['witnessed/', 131_072],
  ['genesis', 262_144],
  ['epoch/', 65_536],
  ['session/', 65_536],
  ['tile/', 16_384],
  ['evidence', 4_194_304],
]
/** Octets of the largest listing. */
export const LISTING_LIMIT = 16_777_216

/** The limit for a path below `log/<id>/`. */
export function limitOf(path: string): number {
  return LIMITS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 0
}

/** The id of a log: its key as base64url. */
export const LOG_ID: RegExp = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
