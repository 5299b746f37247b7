/** Reads everything back that a log has stored, names what is damaged, and restores what can be restored. R-22. @module */
import { sha256 } from '../../../core/crypto/index.ts'
import { encodeHex, sameBytes } from '../../../core/encoding/bytes.ts'
import { createEntry, HASH_SIZE, hashLeaf, type SignedCheckpoint, tileIn } from '../../../core/log/index.ts'
import { StateError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import { publishedName } from '../names.ts'
import { verifyStored } from '../stored-log.ts'
import { storedTiles } from '../stored-tiles.ts'
import { scrubIndex } from './scrub-index.ts'
import { scrubTiles } from './scrub-tree.ts'
import { scrubWal } from './scrub-wal.ts'
import type { CorruptObject, ScrubOptions, ScrubReport } from './types.ts'

/**
 * Scrubs one log, also while it is written. Sealed records that were erased are known as such.
 *
 * @example
 * const { corrupt } = await scrubLog(store, log.id, { repair: true })
 */
export async function scrubLog(
  store: ObjectStore,
  id: string,
  { repair, onProgress = () => {} }: ScrubOptions,
): Promise<ScrubReport> {
  const corrupt: CorruptObject[] = []
  const checkpoint = await readCheckpoint(store, id, corrupt)
  let octets = 0
  let leaves = 0
  const wal = await scrubWal(store, id, (read) => {
    octets = read
    onProgress({ leaves, octets })
  })
  if (checkpoint !== undefined) {
    const onLeaves = (read: number): void => {
      leaves = read
      onProgress({ leaves, octets })
    }
    corrupt.push(...(await scrubTiles(store, id, { head: checkpoint, repair, onLeaves })))
    corrupt.push(...(await scrubGenesis(store, id, checkpoint.size)))
  }
  corrupt.push(...wal.corrupt, ...(await scrubIndex(store, id, repair)), ...(await scrubSessions(store, id)))
  return { leaves: checkpoint?.size ?? 0, groups: wal.groups, octets: wal.octets, corrupt }
}

async function readCheckpoint(
  store: ObjectStore,
  id: string,
  corrupt: CorruptObject[],
): Promise<SignedCheckpoint | undefined> {
  const name = publishedName(id, 'checkpoint')
  const bytes = await store.read(name)
  if (bytes === undefined) return undefined
  try {
    return (await verifyStored(id, bytes)).checkpoint
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    corrupt.push({ what: 'checkpoint', index: 0, name, repaired: false })
    return undefined
  }
}

async function scrubGenesis(store: ObjectStore, id: string, size: number): Promise<readonly CorruptObject[]> {
  const name = publishedName(id, 'genesis')
  const bytes = await store.read(name)
  const leaf = await storedTiles(store, id)
    .read(tileIn(size, { level: 0, index: 0 }))
    .catch(() => undefined)
  const isIntact =
    bytes !== undefined &&
    leaf !== undefined &&
    sameBytes(leaf.subarray(0, HASH_SIZE), hashLeaf(createEntry('genesis', bytes)))
  return isIntact ? [] : [{ what: 'document', index: 0, name, repaired: false }]
}

async function scrubSessions(store: ObjectStore, id: string): Promise<readonly CorruptObject[]> {
  const corrupt: CorruptObject[] = []
  for (const hex of await store.list(publishedName(id, 'session'))) {
    const name = publishedName(id, `session/${hex}`)
    const bytes = await store.read(name)
    if (bytes !== undefined && encodeHex(sha256(bytes)) !== hex)
      corrupt.push({ what: 'document', index: 0, name, repaired: false })
  }
  return corrupt
}
