/** What the gateway sees of its receipt logs, and what a log works with. @module */
import type { SignedCheckpoint } from '../../core/log/index.ts'
import type { CountersignError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'

/** The log key. It signs checkpoints and write-ahead groups, which can never read alike. */
export interface LogSigner {
  /** 32 raw octets (RFC 8032). */
  readonly publicKey: Uint8Array
  /** Ed25519 over the octets, synchronously. */
  sign(bytes: Uint8Array): Uint8Array
}

export interface LogClock {
  /** Seconds since 1970, by a clock that may be the host's: they only say when sealed records are old. */
  seconds(): number
  /** Milliseconds from any start; never goes back. */
  monotonicMs(): number
}

export interface LogTimers {
  /** Runs once after `ms`. @returns what stops it */
  after(ms: number, run: () => void): () => void
}

/** Tuning; tests make everything small. */
export interface LogOptions {
  /** Octets after which the write-ahead log goes on in another segment. */
  readonly segmentSize?: number
  /** Octets that are reserved at a time. */
  readonly reserveStep?: number
  /** Receipts in memory before they become a run of the index. */
  readonly memtableSize?: number
  /** Entries of the largest run that merging makes. */
  readonly maxRunSize?: number
  /** Leaves that may stay unpublished while nobody asks for a checkpoint. */
  readonly maxUnpublished?: number
}

export interface LogDeps {
  readonly store: ObjectStore
  /** Host of the origin, lower case, port allowed. */
  readonly host: string
  readonly signer: LogSigner
  /** Rejects with LOG_FENCED when another writer has taken over. Asked before each checkpoint and every second of writing. */
  readonly fence?: () => Promise<void>
  /** Called once, when a write or sync has failed or another writer has taken over: the boot is over. */
  readonly onFailure?: (error: CountersignError) => void
  readonly clock?: LogClock
  readonly timers?: LogTimers
  readonly options?: LogOptions
}

/** wire.md section 1: `intents = receipts + open`. */
export interface LogCounts {
  /** Durable intents. */
  readonly intents: number
  /** 0x01 leaves below the size that these counts go with. */
  readonly receipts: number
  /** Intents without such a leaf. */
  readonly open: number
}

/** A size of the log with the counts of the same instant. */
export interface LogFrontier {
  readonly size: number
  readonly counts: LogCounts
}

export interface ReceiptInput {
  /** 33 octets of type 0x01. */
  readonly entry: Uint8Array
  /** 16 octets, new in this log: the beginning of a digest, so uniform. */
  readonly jti: Uint8Array
  /** The encrypted record, opaque; copied. */
  readonly sealed: Uint8Array
  /** The intent that this receipt closes: recorded before, still open. */
  readonly intent: Uint8Array
}

export interface SealedReceipt {
  readonly sealed: Uint8Array
  readonly index: number
  readonly seq: number
}

/** What the logs of all boots answer. */
export interface PublishedLog {
  readonly origin: string
  readonly vkey: string
  /** base64url of the public key. */
  readonly id: string
  /** RFC 6962 path of a leaf in the tree of `size` leaves, which the last published checkpoint covers. */
  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]>
  consistencyProof(older: number, newer: number): Promise<readonly Uint8Array[]>
  rootAt(size: number): Promise<Uint8Array>
  /**
   * The sealed record of a durable receipt; undefined for an unknown and for an erased one.
   * @throws StateError LOG_LEAF_CORRUPT when its octets are not those that were written
   */
  readSealed(jti: Uint8Array): Promise<SealedReceipt | undefined>
  /** Place of a durable receipt's leaf, also when its sealed record was erased or removed for its age; undefined for an unknown one. */
  placeOf(jti: Uint8Array): Promise<Pick<SealedReceipt, 'index' | 'seq'> | undefined>
  /** Overwrites a sealed record with zeros, durably; its leaf stays. False when there is no such receipt. */
  erase(jti: Uint8Array): Promise<boolean>
  /**
   * A published file by its path below the log, tiles verified against the last checkpoint; undefined for any other name.
   * @throws StateError LOG_LEAF_CORRUPT for a damaged file that could not be restored: it is never served
   */
  readFile(path: string): Promise<Uint8Array | undefined>
}

/** The log that this boot writes. */
export interface ReceiptLog extends PublishedLog {
  /** Ordinal of the next 0x01 leaf. Sign and append in the same tick: one sequencer. */
  readonly nextReceiptSeq: number
  /** Leaves that are durable. */
  readonly size: number
  /** Counts at that size. */
  readonly counts: LogCounts
  /** Set after a failed write or sync: nothing is appended or signed any more, what is durable is served still. */
  readonly failure: CountersignError | undefined
  /** No space: new intents are refused until there is some again. */
  readonly isFull: boolean
  /** Admits a request (16 octets, new); durable when resolved. @throws CountersignError ERR_LOG_APPEND, also when full */
  recordIntent(id: Uint8Array): Promise<void>
  /** Index and seq are assigned at once, in call order; `durable` resolves after the fdatasync of the group. */
  appendReceipt(input: ReceiptInput): { readonly index: number; readonly seq: number; readonly durable: Promise<void> }
  /** Appends an entry of type 0x02 to 0x05. */
  appendEntry(entry: Uint8Array): { readonly index: number; readonly durable: Promise<void> }
  /** Appends many at once, in one group. */
  appendEntries(entries: readonly Uint8Array[]): { readonly firstIndex: number; readonly durable: Promise<void> }
  /** Publishes the preimage of a 0x03 entry as `epoch/<n>`; durable when resolved. Append the entry after that. */
  writeEpoch(epoch: number, record: Uint8Array): Promise<void>
  /** Publishes a session as `session/<hex>`, `hex` the SHA-256 of its octets. */
  writeSession(hex: string, octets: Uint8Array): Promise<void>
  /** Signs the durable frontier; its tiles are stored before. Same size, same checkpoint. The counts are of the same instant. */
  checkpoint(): Promise<SignedCheckpoint & LogFrontier>
  frontier(): LogFrontier
  /** Takes nothing new, waits for what is on its way, then closes the journal. */
  close(): Promise<void>
}

/** The log of an earlier boot. */
export interface StoredLog extends PublishedLog {
  /** The newest one found, its signature verified. */
  readonly checkpoint: SignedCheckpoint
  /** Size and counts of the write-ahead log; undefined when no group of it verifies. */
  frontier(): Promise<LogFrontier | undefined>
}
