/** What a watcher keeps between polls: the newest signed checkpoint that it saw of each log. @module */
import { decodeJson } from '../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../core/encoding/shape.ts'
import { decodeLogOrigin } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'

export interface WatchedLog {
  readonly origin: string
  /** Signed note, verbatim: with another one of the log it proves a fork. */
  readonly checkpoint: string
}

export interface WatchState {
  readonly host: string
  /** Oldest first. */
  readonly logs: readonly WatchedLog[]
}

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
const MAX_SIZE = 67_108_864

export function encodeWatchState({ host, logs }: WatchState): string {
  const kept = logs.map(({ origin, checkpoint }) => ({ origin, checkpoint }))
  return `${JSON.stringify({ version: 1, host, logs: kept }, undefined, 2)}\n`
}

/** @throws MalformedError */
export function decodeWatchState(octets: Uint8Array): WatchState {
  const reader = new ObjectReader(decodeJson(octets, { maxSize: MAX_SIZE }), 'state', CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const host = reader.string('host')
  const logs = reader.array('logs').map((value, i) => {
    const log = new ObjectReader(value, `state.logs[${i}]`, CODES)
    const watched = { origin: log.string('origin'), checkpoint: log.string('checkpoint') }
    log.end()
    decodeLogOrigin(watched.origin)
    return watched
  })
  reader.end()
  // Without a log the next look would be a first one, and say that it continues.
  if (logs.length === 0) throw reader.invalid('logs', 'must hold what was seen')
  if (new Set(logs.map(({ origin }) => origin)).size !== logs.length)
    throw new MalformedError('PARSE_INVALID', 'state.logs names a log twice')
  return { host, logs }
}
