/** Reads a write-ahead log back, after its boot has ended: the groups that verify, and what was found behind them. @module */
import { join } from 'node:path'
import { MalformedError } from '../../errors.ts'
import { type FileSystem, type LogFile, nodeFiles } from './file-system.ts'
import { type ChainContents, GroupChain } from './group-chain.ts'
import { decodeGroup, decodeGroupSize, decodePreamble, HEAD_SIZE, MAX_PREAMBLE_SIZE, WAL_FILE } from './wal-format.ts'

/** What lies behind the last group that verifies. None of it is in the log. */
export type WalTail =
  | { readonly kind: 'clean' }
  /** The file ends within a group: a write that was cut. */
  | { readonly kind: 'torn'; readonly offset: number; readonly octets: number }
  /** A group that does not verify: damaged, forged, or of another log. All that follows is dropped with it. */
  | { readonly kind: 'garbled'; readonly offset: number; readonly reason: string }

export interface WalContents extends ChainContents {
  /** As the file says and its signatures confirm: compare it with the log of the attested session. */
  readonly origin: string
  readonly tail: WalTail
}

/**
 * Reads and checks `wal/` of a log. Only groups whose CRC, chain, signature and content verify are returned, up to the first that does
 * not. That the file was cut at the end of a group shows only beside a checkpoint or the memory of a client: the disk is the host's.
 *
 * @param directory `<data directory>/log/<id>`
 * @throws MalformedError when there is no log at all: no file, or not even its preamble
 */
export async function readWriteAheadLog(directory: string, files: FileSystem = nodeFiles): Promise<WalContents> {
  const file = await files.open(join(directory, 'wal', WAL_FILE))
  if (file === undefined) throw new MalformedError('EVIDENCE_TRUNCATED', 'there is no write-ahead log')
  try {
    const { origin, size } = decodePreamble(await file.read(0, MAX_PREAMBLE_SIZE))
    const chain = new GroupChain(origin)
    const tail = await readGroups(file, size, chain)
    return { origin, ...chain.contents(), tail }
  } finally {
    await file.close()
  }
}

async function readGroups(file: LogFile, start: number, chain: GroupChain): Promise<WalTail> {
  const end = await file.size()
  for (let offset = start; offset < end; ) {
    const torn: WalTail = { kind: 'torn', offset, octets: end - offset }
    if (end - offset < HEAD_SIZE) return torn
    try {
      const size = decodeGroupSize(await file.read(offset, HEAD_SIZE))
      // Before anything of that size is allocated: the length may be the host's invention.
      if (size > end - offset) return torn
      await chain.add(decodeGroup(await file.read(offset, size)))
      offset += size
    } catch (error) {
      if (error instanceof MalformedError) return { kind: 'garbled', offset, reason: error.message }
      throw error
    }
  }
  return { kind: 'clean' }
}
