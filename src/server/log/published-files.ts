/** What a log publishes, by the path below it. Names come from URLs, so from anyone; octets come from the host. @module */
import { sha256 } from '../../core/crypto/index.ts'
import { encodeHex, sameBytes } from '../../core/encoding/bytes.ts'
import { createEntry, decodeTilePath, hashLeaf, type Tile } from '../../core/log/index.ts'
import { MalformedError, StateError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { publishedName } from './names.ts'
import type { VerifiedTiles } from './verified-tiles.ts'

// The documents beside the tiles; anything else must be the one spelling of a tile.
const NUMBER = '(?:0|[1-9][0-9]{0,15})'
const DOCUMENT = new RegExp(`^(?:genesis|epoch/${NUMBER}|evidence/${NUMBER}|witnessed/${NUMBER}|session/[0-9a-f]{64})$`)

export interface PublishedFilesDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly tiles: VerifiedTiles
  /** The newest checkpoint, from memory. */
  readonly checkpoint: () => Uint8Array | undefined
}

/**
 * Tiles are those of the last checkpoint, a session is what its name says, the genesis is the preimage of leaf 0; records of epochs,
 * evidence and witnessed checkpoints are judged by those who read them.
 * @returns undefined for other names and for what is not there
 * @throws StateError LOG_LEAF_CORRUPT for what is damaged
 */
export async function readPublished(
  { store, id, tiles, checkpoint }: PublishedFilesDeps,
  path: string,
): Promise<Uint8Array | undefined> {
  if (path === 'checkpoint') return checkpoint()
  if (!DOCUMENT.test(path)) {
    const tile = tileOf(path)
    return tile && tiles.read(tile)
  }
  const bytes = await store.read(publishedName(id, path))
  if (bytes === undefined || (await isIntact(path, bytes, tiles))) return bytes
  throw new StateError('LOG_LEAF_CORRUPT', `${path} is not what was published under this name`)
}

async function isIntact(path: string, bytes: Uint8Array, tiles: VerifiedTiles): Promise<boolean> {
  if (path.startsWith('session/')) return path === `session/${encodeHex(sha256(bytes))}`
  if (path !== 'genesis' || tiles.head === undefined) return true
  const first = await tiles.read({ level: 0, index: 0, width: 1 })
  return first !== undefined && sameBytes(first, hashLeaf(createEntry('genesis', bytes)))
}

function tileOf(path: string): Tile | undefined {
  try {
    return decodeTilePath(path)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
