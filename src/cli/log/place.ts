/** Which store a verb of `countersign log` is about: a folder, or what a configuration names. @module */
import { type GatewayConfig, loadConfig, loadSplitConfig } from '../../server/config/index.ts'
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
  /** The half of a configuration in two files that comes from outside an image. */
  readonly operational?: string | undefined
  readonly lineage: string | undefined
}

/** @throws UsageError unless exactly one of folder and configuration is given */
export async function openPlace(
  { folder, config, operational: half, lineage }: PlaceArguments,
  io: Io,
): Promise<Place> {
  if (config === undefined && half !== undefined)
    throw new UsageError('--operational goes with --config', 'Give the measured half with -c FILE.')
  if ((folder === undefined) === (config === undefined))
    throw new UsageError('which store?', 'Give the folder of a gateway, or its configuration with -c FILE.')
  if (config !== undefined) {
    const { measured, operational } = await readConfiguration({ config, half }, io)
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

async function readConfiguration(
  { config, half }: { readonly config: string; readonly half: string | undefined },
  { env }: Io,
): Promise<GatewayConfig> {
  if (half === undefined) return loadConfig(config, { env })
  const read = await loadSplitConfig({ measured: config, operational: half }, { env })
  // The S3 library looks for its credentials nowhere else.
  Object.assign(process.env, read.secrets)
  return read.config
}
