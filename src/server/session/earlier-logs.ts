/** Logs of earlier boots on this disk. The disk is the host's: what is found here is reported, never trusted. @module */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeCheckpoint, decodeNote } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import { type FileSystem, readLogFile, readWriteAheadLog } from '../log/index.ts'

/** `genesis.previous`. */
export type PreviousLog =
  | { readonly source: 'none' }
  | {
      readonly source: 'disk'
      readonly origin: string
      /** The newest checkpoint found, verbatim. */
      readonly checkpoint: string
      /** Receipts carried over as 0x05 leaves: this version carries none over. */
      readonly recovered: 0
      /** Admitted requests for which no receipt was found. */
      readonly open: number
    }

const LOG_ID = /^[A-Za-z0-9_-]{43}$/

async function listLogs(dataDir: string): Promise<readonly string[]> {
  try {
    const names = await readdir(join(dataDir, 'log'))
    return names.filter((name) => LOG_ID.test(name)).map((name) => join(dataDir, 'log', name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function modified(directory: string): Promise<number> {
  return stat(join(directory, 'checkpoint')).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}

/** A log whose files do not decode is passed over: it must not keep the gateway from starting. */
async function describe(directory: string, files: FileSystem): Promise<PreviousLog | undefined> {
  try {
    const note = await readLogFile(directory, 'checkpoint', files)
    if (note === undefined) return undefined
    const { origin } = decodeCheckpoint(decodeNote(note).text)
    const { counts } = await readWriteAheadLog(directory, files)
    return { source: 'disk', origin, checkpoint: decodeUtf8(note), recovered: 0, open: counts.open }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** The newest earlier log below the data directory, by the time of its checkpoint. */
export async function findPreviousLog(dataDir: string, files: FileSystem): Promise<PreviousLog> {
  const directories = await listLogs(dataDir)
  const dated = await Promise.all(directories.map(async (path) => ({ path, time: await modified(path) })))
  dated.sort((a, b) => b.time - a.time)
  for (const { path } of dated) {
    const found = await describe(path, files)
    if (found !== undefined) return found
  }
  return { source: 'none' }
}

const SESSION_NAME = /^[0-9a-f]{64}$/

/** Where the sessions of earlier boots lie, by the hexadecimal digest of their octets. */
export async function findSessions(dataDir: string): Promise<ReadonlyMap<string, string>> {
  const sessions = new Map<string, string>()
  for (const directory of await listLogs(dataDir)) {
    const names = await readdir(join(directory, 'session')).catch(() => [])
    for (const name of names) if (SESSION_NAME.test(name)) sessions.set(name, join(directory, 'session', name))
  }
  return sessions
}
