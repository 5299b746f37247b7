/** What the gateway sees of its receipt log. @module */
import type { SignedCheckpoint } from '../../core/log/index.ts'
import type { CountersignError } from '../../errors.ts'
import type { FileSystem } from './file-system.ts'

/** The log key. It signs checkpoints and write-ahead groups, which can never read alike. */
export interface LogSigner {
  /** 32 raw octets (RFC 8032). */
  readonly publicKey: Uint8Array
  /** Ed25519 over the octets, synchronously. */
  sign(bytes: Uint8Array): Uint8Array
}

export interface LogDeps {
  /** The data directory. The log lives in `log/<id>/` below it; the directory above it must exist. */
  readonly directory: string
  /** Host of the origin, lower case, port allowed. */
  readonly host: string
  readonly signer: LogSigner
  /** The disk; `node:fs` by default. */
  readonly files?: FileSystem
  /** Called once, when a write or sync has failed: the boot is over. */
  readonly onFailure?: (error: CountersignError) => void
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
  /** 16 octets, new in this log. */
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
  readonly entry: Uint8Array
}

export interface ReceiptLog {
  readonly origin: string
  readonly vkey: string
  /** base64url of the public key. */
  readonly id: string
  /** `<data directory>/log/<id>`. */
  readonly directory: string
  /** Ordinal of the next 0x01 leaf. Sign and append in the same tick: one sequencer. */
  readonly nextReceiptSeq: number
  /** Leaves that are durable. */
  readonly size: number
  /** Counts at that size. */
  readonly counts: LogCounts
  /** Set after a failed write or sync: nothing is appended or signed any more, what is durable is served still. */
  readonly failure: CountersignError | undefined
  /** Admits a request (16 octets, new); durable when resolved. */
  recordIntent(id: Uint8Array): Promise<void>
  /** Index and seq are assigned at once, in call order; `durable` resolves after the fdatasync of the group. */
  appendReceipt(input: ReceiptInput): { readonly index: number; readonly seq: number; readonly durable: Promise<void> }
  /** Appends an entry of type 0x02 to 0x05. */
  appendEntry(entry: Uint8Array): { readonly index: number; readonly durable: Promise<void> }
  /** Publishes the preimage of a 0x03 entry as `epoch/<n>`; durable when resolved. Append the entry after that. */
  writeEpoch(epoch: number, record: Uint8Array): Promise<void>
  /** Signs the durable frontier; its tiles are on disk before. Same size, same checkpoint. The counts are of the same instant. */
  checkpoint(): Promise<SignedCheckpoint & LogFrontier>
  frontier(): LogFrontier
  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]>
  consistencyProof(older: number, newer: number): Promise<readonly Uint8Array[]>
  rootAt(size: number): Promise<Uint8Array>
  /** The sealed record of a durable receipt, as the disk has it: only the client's key shows whether the host changed it. */
  readSealed(jti: Uint8Array): Promise<SealedReceipt | undefined>
  /** A published file by its path below the log; `undefined` for any other name. */
  readFile(path: string): Promise<Uint8Array | undefined>
  /** Takes nothing new, waits for what is on its way, then closes the files. */
  close(): Promise<void>
}
