/**
 * Where history is kept: objects by name, and journals that only grow. A port with drivers (`file`, `s3`); whoever keeps something sees
 * this and no disk. What a driver gives back is the host's: callers verify it. @module
 */

/**
 * Relative, `/` between segments of `[A-Za-z0-9._-]`, none of them `.` or `..`. Drivers refuse any other: names may come from URLs.
 * Ones that begin with `log/` may be served to anyone; all others are for gateways alone.
 */
export type ObjectName = string

export interface StoredObject {
  readonly name: ObjectName
  readonly bytes: Uint8Array
}

/** A journal that was written, by this process or an earlier one. */
export interface JournalReader {
  /** Octets there are, durable or not. */
  size(): Promise<number>
  /** Up to `length` octets from `position`; fewer at the end. */
  read(position: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A journal of this process: octets go in at the end. */
export interface Journal extends JournalReader {
  /**
   * Makes sure that `octets` more fit, so that appends within them cannot fail for want of space. What is reserved and not written reads
   * as zeros.
   * @returns false when there is no space now; it may be asked again. Nothing is torn.
   */
  reserve(octets: number): Promise<boolean>
  /** Adds all octets behind what was appended before. */
  append(bytes: Uint8Array): Promise<void>
  /** Resolves when all that was appended is durable. After a rejection nothing is known: the journal must not be used any more. */
  sync(): Promise<void>
  /** Overwrites octets that were appended with zeros, durably: erasure on request. */
  erase(position: number, length: number): Promise<void>
}

/** Rejections: whatever the medium says, and `StateError` LOG_FENCED from a store whose writer was replaced. */
export interface ObjectStore {
  /** Whole octets; undefined when there is none. @throws CountersignError ERR_STATE for one above `limit` octets (16 MiB by default) */
  read(name: ObjectName, limit?: number): Promise<Uint8Array | undefined>
  /** `length` octets from `offset`, fewer at the end; undefined when there is none. */
  readRange(name: ObjectName, offset: number, length: number): Promise<Uint8Array | undefined>
  /** All are whole and durable when it resolves; those that were there are replaced. Before that each is as it was or whole. */
  write(objects: readonly StoredObject[]): Promise<void>
  /** Makes one that is not there, durably; false when there is one. Of two writers exactly one gets true. */
  create(name: ObjectName, bytes: Uint8Array): Promise<boolean>
  /**
   * As `create`, of octets that hold a mark: what tells this very object from a copy of it, as far as the medium can tell (a file's inode
   * and birth time), else `none`.
   */
  createMarked(name: ObjectName, content: (mark: string) => Uint8Array): Promise<boolean>
  /** Whether the object of this name is the one that was made with this mark. */
  isMarked(name: ObjectName, mark: string): Promise<boolean>
  /** Compare and swap, durable: replaces only octets that equal `expected` (undefined: none is there). False when they do not. */
  swap(name: ObjectName, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean>
  /** Segments directly below a folder (no trailing slash), sorted by octets, those that are folders with a trailing `/`; empty for none. `''` is the root. */
  list(folder: ObjectName): Promise<readonly string[]>
  /** Removes objects and journals; those that are not there are fine. */
  remove(names: readonly ObjectName[]): Promise<void>
  /** Removes what writes left that were never finished. Only for the one writer: it ends writes of others that are on their way. */
  removeLeftovers(): Promise<void>
  /** Rejects when there is one. */
  createJournal(name: ObjectName): Promise<Journal>
  openJournal(name: ObjectName): Promise<JournalReader | undefined>
  /** Opens one that is no longer written, to erase parts of it. */
  openJournalForErasure(name: ObjectName): Promise<Pick<Journal, 'erase' | 'close'> | undefined>
  /** True for a failure that a later try may not meet: no space. Nothing is torn by it. */
  isFull(error: unknown): boolean
}
