/** What one boot runs under: its log, its sessions epoch by epoch, and the logs of earlier boots. @module */
import type { Session } from '../../core/evidence/session.ts'
import type { ObjectStore } from '../../storage/types.ts'
import type { EvidenceStore, OnFault } from '../evidence-store/index.ts'
import type { ReceiptLog, StoredLog } from '../log/index.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
import type { ReceiptKey } from '../session/keys.ts'

/** The session of one epoch. */
export interface RunningSession {
  readonly session: Session
  /** Verbatim: every digest covers exactly these. */
  readonly octets: Uint8Array
  /** `sha256:` of the octets. */
  readonly digest: string
  readonly receiptKey: ReceiptKey
}

/** Logs of earlier boots in this store. They are the host's: whoever reads one verifies it. */
export interface EarlierLogs {
  /** Newest first, as far as genesis records name one another; others that lie in the store come behind. */
  ids(): readonly string[]
  /**
   * Lists the store again: other gateways may keep histories of their own there. Done at most every few seconds.
   * @returns ids of logs that are not of this history: they may have grown, and are opened anew
   */
  look(): Promise<readonly string[]>
  /** Those of this lineage, newest first: nobody writes them any more. Others in the store may be of gateways that live. */
  own(): readonly string[]
  /** Undefined for an id that is not one of {@link ids}. */
  open(id: string): Promise<StoredLog | undefined>
  /** The 16 octets of its boot: what its sealed receipts are bound to. */
  bootOctets(id: string): Promise<Uint8Array | undefined>
  /** What is kept of the quotes of a log that {@link ids} lists. @param onFault told when it is opened here and is found damaged later */
  evidence(id: string, onFault: OnFault): Promise<EvidenceStore>
  /** Whether the index of a log names a receipt: cheaper by far than opening it. @throws MalformedError where the index is damaged */
  names(id: string, jti: Uint8Array): Promise<boolean>
  /** The log that has the document of a session, by the 64 digits of its digest. */
  logOfSession(hex: string): Promise<string | undefined>
}

export interface RunningBoot {
  /** 16 random octets. */
  readonly octets: Uint8Array
  readonly log: ReceiptLog
  /** The same for all sessions of the boot: connections outlive epochs. */
  readonly channels: ChannelKeys
  /** The session in force. It changes with the epoch; the log does not. */
  readonly current: RunningSession
  /** A session of this boot, in force or before, by its digest. */
  sessionOf(digest: string): RunningSession | undefined
  readonly store: ObjectStore
  readonly earlier: EarlierLogs
}
