/**
 * Asks the tools and documents of a configuration again, and compares what they give with what a receipt says that they gave. Tools do what they
 * do: they run again, with the arguments of the record. @module
 */
import { MalformedError } from '../../errors.ts'
import type { RecordedAnswer } from '../../replay/index.ts'
import { loadConfig } from '../../server/config/index.ts'
import type { MeasuredConfig } from '../../server/config/types.ts'
import type { Io } from '../command.ts'
import { searchAgain } from './live-documents.ts'
import type { LiveRow } from './live-row.ts'
import { callAgain } from './live-tools.ts'

/** Where tools and documents are asked again. */
export type LiveSources = Pick<MeasuredConfig, 'tools' | 'collections'>

/** @throws CountersignError ERR_CONFIG for a configuration that is not one */
export async function readSources(file: string, { env }: Io): Promise<LiveSources> {
  return (await loadConfig(file, { env })).measured
}

/** @throws CountersignError ERR_CONFIG for servers and folders that are not there */
export async function askAgain(
  recorded: RecordedAnswer,
  { tools = [], collections = [] }: LiveSources,
  io: Io,
): Promise<readonly LiveRow[]> {
  try {
    return [...(await searchAgain(recorded, collections)), ...(await callAgain(recorded, tools, io))]
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return [{ kind: 'tool', name: 'record', status: 'not-asked', detail: error.message }]
  }
}
