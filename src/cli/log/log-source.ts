/** Logs to read: a gateway by its address, or a data folder. @module */
import { stat } from 'node:fs/promises'
import { createFolderReader, createHttpReader, type LogReader } from '../../audit/index.ts'
import { encodeArchive } from '../../core/archive/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { EvidenceStore } from '../../server/evidence-store/index.ts'
import { createFileStore, type ObjectStore } from '../../storage/index.ts'
import { UsageError } from '../command.ts'

const ADDRESS = /^[a-z]+:\/\//i

/** @throws UsageError unless it is a folder */
export async function openFolder(folder: string): Promise<ObjectStore> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory())
    throw new UsageError(`${folder} is not a folder`, 'Give the data folder of a gateway, or a copy.')
  return createFileStore(folder)
}

/** @throws UsageError for an address that is not read */
export function openGateway(address: string): LogReader {
  try {
    return createHttpReader(address, { fetch: (input, init) => globalThis.fetch(input, init) })
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== 'ERR_USAGE') throw error
    throw new UsageError(error.message, 'For example: countersign log audit https://gw.example.com')
  }
}

/** Records as a gateway serves them, with the endorsements that they refer to. */
function folderReader(store: ObjectStore): LogReader {
  const opened = new Map<string, Promise<EvidenceStore>>()
  const faults: string[] = []
  const evidenceOf = (id: string): Promise<EvidenceStore> => {
    const known = opened.get(id) ?? EvidenceStore.open(store, id, (detail) => faults.push(detail))
    opened.set(id, known)
    return known
  }
  return createFolderReader(store, {
    readEvidence: async (id, size) => {
      const evidence = await evidenceOf(id)
      faults.length = 0
      const found = await evidence.at(size)
      if (found !== undefined) {
        const { session, statement, quote } = found
        return encodeArchive({ session, statement, quote })
      }
      const [fault] = faults
      // The store passes over what does not decode: here that is what is looked for.
      if (fault !== undefined) throw new MalformedError('PARSE_INVALID', `the record of size ${size}: ${fault}`)
      return undefined
    },
  })
}

/** @param place address or folder */
export async function openLogs(place: string): Promise<LogReader> {
  return ADDRESS.test(place) ? openGateway(place) : folderReader(await openFolder(place))
}
