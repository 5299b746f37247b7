/** The few things that a store asks of a disk. A port, so that tests can make any of them fail; the default is `nodeFiles`. @module */

/** An open file. */
export interface DiskFile {
  /** Writes all octets at a place; the file grows where it must. */
  write(position: number, bytes: Uint8Array): Promise<void>
  /** fdatasync: resolves when all that was written is on stable storage. Never to be tried again on the same file. */
  sync(): Promise<void>
  /** Up to `length` octets from `position`; fewer at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Octets of the file. */
  size(): Promise<number>
  /** What tells this file from a copy of it, for {@link FileSystem.isMarked}. Writes nothing. */
  mark(): Promise<string>
  close(): Promise<void>
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface FileSystem {
  /** Makes a directory and its parents; one that exists already is fine. */
  createDirectory(path: string): Promise<void>
  /** Makes a file and opens it for writing; rejects when there is one (O_EXCL). */
  create(path: string): Promise<DiskFile>
  /** Opens for reading; `undefined` when there is no such file. */
  open(path: string): Promise<DiskFile | undefined>
  /** Opens a file that is there for reading and writing; `undefined` when there is none. */
  openForWriting(path: string): Promise<DiskFile | undefined>
  rename(from: string, to: string): Promise<void>
  /** Gives a file a second name; false when that name is taken. */
  link(from: string, to: string): Promise<boolean>
  /** Removes a file, or a directory with all that is in it; none is fine. */
  remove(path: string): Promise<void>
  /** Removes a file; none is fine, and a directory stays. */
  unlink(path: string): Promise<void>
  /** What is in a directory; `undefined` when there is none. */
  list(path: string): Promise<readonly DirectoryEntry[] | undefined>
  /** Whether the file of this name is the one that gave this mark. */
  isMarked(path: string, mark: string): Promise<boolean>
  /** fsync of a directory: what was made, renamed or removed in it stays so. */
  syncDirectory(path: string): Promise<void>
}
