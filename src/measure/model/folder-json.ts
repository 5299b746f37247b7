/** JSON files beside the weights, read as those who load models read them: of two equal keys the last, numbers however large. @module */
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import type { MeasuredFile } from '../measure-folder.ts'
import { reading, readWhole, unreadable } from './read-file.ts'

export type FolderJson = Readonly<Record<string, unknown>>

/** Configurations that carry all added tokens have a few megabytes. */
const MAX_SIZE = 16 * 1024 * 1024

export function isFolderJson(value: unknown): value is FolderJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(name, 'it is not JSON')
  }
}

/** An object, empty where there is no such file. @throws CountersignError ERR_CONFIG, ERR_STATE */
export async function readFolderJson(directory: string, file: MeasuredFile | undefined): Promise<FolderJson> {
  if (file === undefined) return {}
  const octets = await readWhole(directory, file, MAX_SIZE)
  const value = parse(
    file.name,
    reading(file.name, () => decodeUtf8(octets)),
  )
  if (!isFolderJson(value)) throw unreadable(file.name, 'it is not a JSON object')
  return value
}
