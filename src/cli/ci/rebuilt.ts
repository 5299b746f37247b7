/** What was just rebuilt and measured offline: rows that `countersign measure … --lock-row` printed, or a release's `measurements.json`. @module */
import { decodeJson, isJsonObject } from '../../core/encoding/json.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeLock, type LockedModel } from '../../core/lock.ts'
import type { Measurements } from '../../core/measurement/measurements.ts'
import { decodePublished } from '../../core/measurement/published.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { readInput } from '../files.ts'

/** What a row names beside measurements. */
export interface NamedResources {
  readonly config: string
  readonly models: readonly LockedModel[]
}

export interface Rebuilt {
  readonly measured: Measurements
  /** Which machine launches so. */
  readonly shape: string
  /** The file that says it. */
  readonly source: string
  /** A release's list names none. */
  readonly resources: NamedResources | 'unnamed'
}

function decodeRow(line: string, source: string): readonly Rebuilt[] {
  const row = decodeJson(line)
  const { rows } = decodeLock(JSON.stringify({ version: 1, revision: 0, minimumPolicyRevision: 0, rows: [row] }))
  return rows.map(({ config, models, shape, ...measured }) => ({
    measured,
    shape,
    source,
    resources: { config, models },
  }))
}

function decodeList(octets: Uint8Array, source: string): readonly Rebuilt[] {
  return decodePublished(octets).images.map(({ name, shape, digest: _, ...measured }) => ({
    measured,
    shape: `${name}, ${shape}`,
    source,
    resources: 'unnamed',
  }))
}

function isList(octets: Uint8Array): boolean {
  try {
    const json = decodeJson(octets)
    return isJsonObject(json) && Object.hasOwn(json, 'images')
  } catch (error) {
    // Several rows, one a line, are no JSON document.
    if (error instanceof MalformedError) return false
    throw error
  }
}

function decodeRebuilt(octets: Uint8Array, source: string): readonly Rebuilt[] {
  if (isList(octets)) return decodeList(octets, source)
  const lines = decodeUtf8(octets).split('\n')
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : decodeRow(line, `${source}, line ${i + 1}`)))
}

/** @throws CountersignError ERR_CONFIG for a file that says nothing, or not in one of the two forms */
export async function readRebuilt(file: string): Promise<readonly Rebuilt[]> {
  const octets = await readInput(file)
  try {
    const rebuilt = decodeRebuilt(octets, file)
    // A build that printed nothing must not pass as one that measured nothing new.
    if (rebuilt.length === 0) throw new CountersignError('ERR_CONFIG', `${file} holds no measurement`)
    return rebuilt
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
  }
}
