/** Environment variables that override operational settings. Measured settings have none: they are what the hardware vouches for. @module */
import type { ConfigIssue, ConfigPath } from './issue.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentSetting {
  readonly variable: string
  /** The setting it overrides. */
  readonly path: readonly string[]
  readonly type: 'text' | 'integer'
  readonly description: string
}

/** All of them; the operator's guide shows this table. */
export const ENVIRONMENT_SETTINGS: readonly EnvironmentSetting[] = [
  setting('LISTEN_HOST', ['listen', 'host'], 'text', 'address to listen on'),
  setting('LISTEN_PORT', ['listen', 'port'], 'integer', 'port to listen on; 0 takes a free one'),
  setting('DATA_DIR', ['dataDir'], 'text', 'folder of the log and the receipts'),
  setting('LOG', ['log'], 'text', '`json` or `none`'),
  setting('QUOTING_INTERVAL_MS', ['quoting', 'intervalMs'], 'integer', 'shortest time between two quotes, ms'),
  setting('QUOTING_DEADLINE_MS', ['quoting', 'deadlineMs'], 'integer', 'longest time to wait for a quote, ms'),
  setting('STATEMENT_LIFE_SECONDS', ['quoting', 'statementLifeSeconds'], 'integer', 'life of a statement, s'),
  setting(
    'QUOTING_BATCH_SIZE',
    ['quoting', 'batchSize'],
    'integer',
    'as many waiting receipts ask for a quote at once',
  ),
  setting('QUOTER', ['quoter'], 'text', '`auto`, `configfs` or `nsm`'),
  setting('LINEAGE', ['lineage'], 'text', 'name of the chain of logs that this gateway continues'),
  setting('SCRUB_HOURS', ['scrubHours'], 'integer', 'hours between two full readings of the store; 0 for never'),
  setting('MAX_WAIT_SECONDS', ['maxWaitSeconds'], 'integer', 'longest `wait` a client may ask for, s'),
]

const PREFIX = 'COUNTERSIGN_'

function setting(
  name: string,
  path: readonly string[],
  type: EnvironmentSetting['type'],
  description: string,
): EnvironmentSetting {
  return { variable: `COUNTERSIGN_${name}`, path: ['operational', ...path], type, description }
}

/** Variables of ours that are not in the table: a misspelt one must not be passed over, nor one that hopes to change a measured setting. */
export function unknownVariables(env: Environment): readonly string[] {
  const known = new Set(ENVIRONMENT_SETTINGS.map(({ variable }) => variable))
  return Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name] !== undefined && !known.has(name))
}

/** The variable that set `path`, if one did. */
export function variableOf(path: ConfigPath, env: Environment): string | undefined {
  const found = ENVIRONMENT_SETTINGS.find((candidate) => candidate.path.join('.') === path.join('.'))
  return found !== undefined && env[found.variable] !== undefined ? found.variable : undefined
}

/** Faults in the values themselves, before any merging. */
export function checkVariables(env: Environment): readonly ConfigIssue[] {
  return ENVIRONMENT_SETTINGS.flatMap(({ variable, path, type }) => {
    const value = env[variable]
    if (value === undefined || type === 'text' || /^(?:0|[1-9][0-9]{0,14})$/.test(value)) return []
    return [{ path, message: 'must be a whole number in decimal digits' }]
  })
}

/** The decoded file with the overrides in place; the file's own objects are not changed. */
export function overrideOperational(file: unknown, env: Environment): unknown {
  return ENVIRONMENT_SETTINGS.reduce<unknown>((merged, { variable, path, type }) => {
    const value = env[variable]
    return value === undefined ? merged : replaceAt(merged, path, type === 'integer' ? Number(value) : value)
  }, file)
}

function replaceAt(target: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  // What is not an object is left as it is: the shape check reports it with its line.
  if (target !== undefined && (typeof target !== 'object' || target === null || Array.isArray(target))) return target
  const inner: unknown = target === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key)?.value
  return { ...target, [key]: replaceAt(inner, rest, value) }
}
