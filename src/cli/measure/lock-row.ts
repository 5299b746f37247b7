/** A row for countersign.lock.json, from measurements that were computed: for review before any gateway runs so. @module */
import { type Measurements, registersOf } from '../../core/measurement/registers.ts'
import { UsageError } from '../command.ts'

export interface LockRowValues {
  readonly config?: string | undefined
  readonly model?: readonly string[] | undefined
}

interface RowModel {
  readonly digest: string
  readonly name: string
}

/** What a row names beside measurements. */
export interface RowResources {
  readonly config: string
  readonly models: readonly RowModel[]
}

const DIGEST = /^sha256:[0-9a-f]{64}$/
/** Names as a lock has them: `core/lock.ts`. */
const MODEL = /^(?<name>[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255})=(?<digest>sha256:[0-9a-f]{64}|none)$/

/** Options that every verb with `--lock-row` has. */
export const LOCK_ROW_OPTIONS = {
  'lock-row': { type: 'boolean', default: false },
  config: { type: 'string' },
  model: { type: 'string', multiple: true },
} as const

export const LOCK_ROW_HELP = `  --lock-row           rows for countersign.lock.json, one a line, status next, with
  --config DIGEST      the digest of the measured configuration, as \`countersign config check\` shows it, and
  --model NAME=DIGEST  each model that it serves, sha256:… or none`

function modelOf(text: string): RowModel {
  const { name, digest } = MODEL.exec(text)?.groups ?? {}
  if (name === undefined || digest === undefined)
    throw new UsageError(
      `${text} is no model of a row`,
      'For example: --model llama=sha256:… as measure model shows it.',
    )
  return { digest, name }
}

/** @throws UsageError without a configuration: a row that admits any would pin nothing of what is served */
export function rowResources({ config, model = [] }: LockRowValues): RowResources {
  if (config === undefined || !DIGEST.test(config))
    throw new UsageError(
      'a row names the configuration by its digest',
      'Give --config sha256:…, which `countersign config check FILE` shows as measured.',
    )
  return { config, models: model.map(modelOf) }
}

/** What a row is to name; undefined where no row is asked for. */
export function askedRow(
  values: LockRowValues & { readonly 'lock-row': boolean; readonly json: boolean },
): RowResources | undefined {
  const { config, model, json, 'lock-row': asked } = values
  if (asked && json) throw new UsageError('--json and --lock-row exclude each other', 'A row is JSON already.')
  if (asked) return rowResources(values)
  if (config === undefined && model === undefined) return undefined
  throw new UsageError('--config and --model say what a lock row holds', 'Give --lock-row with them.')
}

/** One line, keys in the order of the lock file. */
export function lockRow(measured: Measurements, shape: string, { config, models }: RowResources): string {
  const row = {
    config,
    measurements: Object.fromEntries(registersOf(measured)),
    models,
    notAfter: 'none',
    platform: measured.platform,
    provenance: 'none',
    shape,
    status: 'next',
  }
  return `${JSON.stringify(row)}\n`
}
