/** Which store a verb of `countersign log` is about: a folder, or what a configuration names. @module */
import { loadConfig } from '../../server/config/index.ts'
import { createFileStore, createStore, type ObjectStore } from '../../storage/index.ts'
import { type Io, UsageError } from '../command.ts'

export interface Place {
  readonly store: ObjectStore
  /** Names it in messages. */
  readonly title: string
  /** The gateway's name, where a configuration says it. */
  readonly host: string | undefined
  readonly lineage: string
}

export interface PlaceArguments {
  readonly folder: string | undefined
  readonly config: string | undefined
  readonly lineage: string | undefined
}

/** @throws UsageError unless exactly one of folder and configuration is given */
export async function openPlace({ folder, config, lineage }: PlaceArguments, io: Io): Promise<Place> {
  if ((folder === undefined) === (config === undefined))
    throw new UsageError('which store?', 'Give the folder of a gateway, or its configuration with -c FILE.')
  if (config !== undefined) {
    const { measured, operational } = await loadConfig(config, { env: io.env })
    return {
      store: await createStore(operational.storage, operational.dataDir),
      title: operational.storage.kind === 'file' ? operational.dataDir : `bucket ${operational.storage.bucket}`,
      host: measured.host,
      lineage: lineage ?? operational.lineage,
    }
  }
  const title = folder ?? ''
  return { store: createFileStore(title), title, host: undefined, lineage: lineage ?? 'main' }
}
