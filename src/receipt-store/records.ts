/** Where a store's octets lie: memory, a browser's database, a folder. Knows nothing of what they say. @module */

export interface RecordStamp {
  readonly name: string
  /** As written, milliseconds since 1970. */
  readonly atMs: number
}

export interface RecordWriting {
  readonly octets: Uint8Array
  /** Its place in the order of {@link Records.list}. */
  readonly atMs: number
}

/** Names are of the store's making: lower-case hex, a dot, a kind. Each call does all or nothing. */
export interface Records {
  read(name: string): Promise<Uint8Array | undefined>
  /** Replaces what was there. Readers and crashes see the old octets or the new ones. */
  write(name: string, writing: RecordWriting): Promise<void>
  /** Names of this kind, oldest first. */
  list(kind: string): Promise<readonly RecordStamp[]>
  /** Nothing where there is none. */
  remove(name: string): Promise<void>
}

/** Oldest first; those of one instant by name, so that every backend has one order. */
export function byAge(one: RecordStamp, other: RecordStamp): number {
  return one.atMs - other.atMs || (one.name < other.name ? -1 : 1)
}
