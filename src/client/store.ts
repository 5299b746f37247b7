/** Where verified answers are kept: the port that `countersign/receipts` and `countersign/node` fill. @module */
import type { CmwMessage } from '../core/archive/index.ts'
import type { Grade } from '../core/policy.ts'

/** One verified answer, with all that its holder has of it. */
export interface KeptAnswer {
  readonly jti: string
  /** Of the log that the receipt promises its place in. */
  readonly origin: string
  /** `sha256:` of the session document. */
  readonly session: string
  /** When the nonce was made and when the answer had verified, by the client's own clock. */
  readonly askedAt: Date
  readonly receivedAt: Date
  readonly grade: Grade
  /** `<JWS>~<disclosure>~…~` */
  readonly token: string
  /** Octets as sent. */
  readonly request: CmwMessage
  /** Octets as received, comments of a stream too; undefined where they were more than the client keeps. */
  readonly response: CmwMessage | undefined
  /** Everything that an auditor needs; undefined until the receipt is upgraded. */
  readonly archive: Uint8Array | undefined
}

/** What a receipt has become by an upgrade. */
export type UpgradedAnswer = Pick<KeptAnswer, 'token' | 'grade'> & { readonly archive: Uint8Array }

/** A signed checkpoint of a log, just verified. */
export interface LogSighting {
  readonly origin: string
  /** The log's key, as the attested session names it. */
  readonly vkey: string
  /** Verbatim, with its signature. */
  readonly checkpoint: string
  /** When the question was asked that this answers; `unknown` where it belongs to something older than the question. */
  readonly askedAt: Date | 'unknown'
  readonly seenAt: Date
  /** Octets of what the log publishes below its origin, for example `tile/0/000`; undefined where it has none there. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>
  /** Told of storage that fails. */
  readonly warn: (message: string) => void
}

/**
 * Storage fails open: what it cannot keep is reported and lost, and the answer is delivered. What it remembers fails closed: a log that
 * contradicts its own past is refused.
 */
export interface ReceiptStore {
  /** Replaces an answer of the same `jti`; the oldest go first where there are too many. */
  keep(answer: KeptAnswer): Promise<void>
  /** Does nothing for an answer that is not kept (any more). */
  upgrade(jti: string, upgraded: UpgradedAnswer): Promise<void>
  /** Undefined for an entry that was never there, or is garbled. */
  get(jti: string): Promise<KeptAnswer | undefined>
  /** `jti` of the answers that are kept, oldest first. */
  list(): Promise<readonly string[]>
  /** @returns whether there was one */
  delete(jti: string): Promise<boolean>
  /** The last checkpoint of a log that verified. */
  checkpoint(origin: string): Promise<string | undefined>
  /** Pairs of checkpoints that contradict each other: for `decodeForkProof`. */
  forks(): Promise<readonly string[]>
  /**
   * Whether a log went on from where it was seen last.
   * @throws NotVerifiedError of the check `history`: LOG_SPLIT_VIEW, LOG_ROLLBACK, LOG_CONSISTENCY; ERR_NETWORK
   */
  follow(sighting: LogSighting): Promise<void>
}
