/** Whether one tree continues another, by a proof that is made here from the tiles that the host hands out. @module */
import { sameBytes } from '../core/encoding/bytes.ts'
import { assertConsistency, proveConsistency, type TreeHead } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import type { LogReader } from './log-reader.ts'
import { tileSource } from './tiles.ts'

export interface LogSource {
  readonly reader: LogReader
  readonly id: string
}

/** Empty where nothing is to prove, or where it would be of no use. @throws MalformedError when tiles are missing or torn */
export function fetchConsistency(
  { reader, id }: LogSource,
  older: number,
  newer: number,
): Promise<readonly Uint8Array[]> {
  if (older === 0 || older >= newer) return Promise.resolve([])
  return proveConsistency(tileSource(reader, id), older, newer)
}

/** @throws MalformedError LOG_SPLIT_VIEW, LOG_ROLLBACK, LOG_CONSISTENCY */
export async function assertContinues(source: LogSource, older: TreeHead, newer: TreeHead): Promise<void> {
  if (older.size > newer.size)
    throw new MalformedError('LOG_ROLLBACK', `${newer.size} leaves where there were ${older.size}`)
  if (older.size === newer.size && !sameBytes(older.root, newer.root))
    throw new MalformedError('LOG_SPLIT_VIEW', `two trees of ${older.size} leaves`)
  assertConsistency(older, newer, await fetchConsistency(source, older.size, newer.size))
}
