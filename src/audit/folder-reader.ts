/** Reads the logs of a store: the folder of a gateway, or a copy of it. @module */
import { CountersignError, MalformedError } from '../errors.ts'
import { LOG_ID, type LogReader, limitOf } from './log-reader.ts'

/** What an audit needs of a store: a part of the port that gateways write to. */
export interface LogStore {
  read(name: string, limit?: number): Promise<Uint8Array | undefined>
  /** Segments directly below a folder, those that are folders with a trailing `/`; empty for none. */
  list(folder: string): Promise<readonly string[]>
}

export interface FolderReaderOptions {
  /** The record of a size with everything that it refers to, as a gateway would serve it: an archive. Undefined when there is none. */
  readEvidence(id: string, size: number): Promise<Uint8Array | undefined>
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/

/** A store that refuses what is too large does so for want of memory: here it is a fault of what is stored. */
function asFault(error: unknown): never {
  if (error instanceof CountersignError && error.code === 'ERR_STATE')
    throw new MalformedError('EVIDENCE_TOO_LARGE', error.message, { cause: error })
  throw error
}

export function createFolderReader(store: LogStore, { readEvidence }: FolderReaderOptions): LogReader {
  const sizes = async (id: string, folder: string): Promise<readonly number[]> => {
    const names = await store.list(`log/${id}/${folder}`)
    return names
      .filter((name) => SIZE.test(name))
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => a - b)
  }
  return {
    logs: async () => {
      const names = await store.list('log')
      // No order is kept here: each genesis says which log came before.
      const ids = names.flatMap((name) => (name.endsWith('/') ? [name.slice(0, -1)] : []))
      return { host: undefined, ids: ids.filter((id) => LOG_ID.test(id)) }
    },
    evidenceSizes: (id) => sizes(id, 'evidence'),
    witnessedSizes: (id) => sizes(id, 'witnessed'),
    read: (id, path) => {
      const [, size] = /^evidence\/([0-9]+)$/.exec(path) ?? []
      return size === undefined
        ? store.read(`log/${id}/${path}`, limitOf(path)).catch(asFault)
        : readEvidence(id, Number(size))
    },
  }
}
