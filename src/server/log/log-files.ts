/** Reads what a log publishes from its directory: of this boot or of an earlier one. Names come from URLs, so from anyone. @module */
import { join } from 'node:path'
import { decodeTilePath, ENTRY_SIZE, encodeTilePath, HASH_SIZE, TILE_WIDTH, type Tile } from '../../core/log/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { type FileSystem, nodeFiles } from './file-system.ts'

const MAX_FILE_SIZE = 1 << 20
// The documents beside the tiles; anything else must be the one spelling of a tile.
const DOCUMENT = /^(?:checkpoint|genesis|epoch\/(?:0|[1-9][0-9]{0,8}))$/

/**
 * The octets under `checkpoint`, `genesis`, `epoch/<n>`, `tile/…` or `tile/entries/…`; `undefined` for a name that is none of these and
 * for a file that is not there. A partial tile whose full one has come is cut from that one.
 *
 * @param directory `<data directory>/log/<id>`
 * @throws CountersignError ERR_LOG_APPEND for a file that no log writes (larger than 1 MiB)
 */
export async function readLogFile(
  directory: string,
  path: string,
  files: FileSystem = nodeFiles,
): Promise<Uint8Array | undefined> {
  if (DOCUMENT.test(path)) return readWhole(files, join(directory, path))
  const tile = tileOf(path)
  if (tile === undefined) return undefined
  const bytes = await readWhole(files, join(directory, encodeTilePath(tile)))
  if (bytes !== undefined || tile.width === TILE_WIDTH) return bytes
  const full = await readWhole(files, join(directory, encodeTilePath({ ...tile, width: TILE_WIDTH })))
  return full?.slice(0, tile.width * (tile.level === 'entries' ? 2 + ENTRY_SIZE : HASH_SIZE))
}

function tileOf(path: string): Tile | undefined {
  try {
    return decodeTilePath(path)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

async function readWhole(files: FileSystem, path: string): Promise<Uint8Array | undefined> {
  const file = await files.open(path)
  if (file === undefined) return undefined
  try {
    const bytes = await file.read(0, MAX_FILE_SIZE + 1)
    if (bytes.length > MAX_FILE_SIZE)
      throw new CountersignError('ERR_LOG_APPEND', 'a published file is larger than 1 MiB')
    return bytes
  } finally {
    await file.close()
  }
}
