/** Searches the collections of a configuration again, and compares roots and chunks with those of a record. @module */
import { decodeJson, isJsonObject } from '../../core/encoding/json.ts'
import { MAX_STRICT_DEPTH } from '../../core/encoding/strict-json.ts'
import type { ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import type { RecordedAnswer } from '../../replay/index.ts'
import { type Collection, loadCollection } from '../../retrieval/index.ts'
import type { CollectionConfig } from '../../server/config/types.ts'
import { ContextRefusal } from '../../server/context/refusal.ts'
import { readSearch, type Search } from '../../server/context/retrieval/file-search.ts'
import { isRanking } from '../../server/context/retrieval/ranking-descriptor.ts'
import type { LiveRow } from './live-row.ts'

interface Loaded {
  readonly config: CollectionConfig
  readonly collection: Collection
}

/**
 * Best first, index by index, as the gateway does. Where embeddings took part chunks are not searched again: a configuration gives no model
 * server to this command.
 * @throws MalformedError for a request that is no strict JSON
 */
export async function searchAgain(
  { receipt, request }: RecordedAnswer,
  configs: readonly CollectionConfig[],
): Promise<readonly LiveRow[]> {
  const { dependencies } = receipt.disclosed
  const named = listOf(dependencies?.['retrieval-index'])
  const indices = named.filter((descriptor) => !isRanking(descriptor))
  if (indices.length === 0) return []
  const loaded = new Map<string, Loaded>()
  for (const { name } of indices) {
    const config = configs.find(({ id }) => id === name)
    if (config === undefined) continue
    const { directory, maxCharacters } = config
    loaded.set(name, { config, collection: await loadCollection(directory, { maxCharacters }) })
  }
  const rows = indices.map((named) => indexRow(named, loaded.get(named.name)))
  const search = request === 'not-held' ? undefined : readRequest(request)
  const chunks = listOf(dependencies?.['retrieval-result'])
  if (indices.length < named.length)
    return [...rows, ...chunks.map(({ name }) => chunkRow(name, 'not-asked', 'an embedding model ranked it'))]
  if (search === undefined || loaded.size < indices.length)
    return [...rows, ...chunks.map(({ name }) => chunkRow(name, 'not-asked', 'the search cannot be made again'))]
  return [...rows, ...compareChunks(chunks, search, loaded)]
}

function listOf(named: readonly ResourceDescriptor[] | 'none' | undefined): readonly ResourceDescriptor[] {
  return named === undefined || named === 'none' ? [] : named
}

function indexRow({ name, digest }: ResourceDescriptor, loaded: Loaded | undefined): LiveRow {
  const row = { kind: 'index', name } as const
  if (loaded === undefined) return { ...row, status: 'not-asked', detail: 'the configuration has no such collection' }
  const [then, now] = [`sha256:${digest.sha256}`, loaded.collection.root]
  if (then === now) return { ...row, status: 'same', detail: now }
  return { ...row, status: 'other', detail: `root: then ${then}, now ${now}` }
}

function chunkRow(name: string, status: LiveRow['status'], detail: string): LiveRow {
  return { kind: 'chunk', name, status, detail }
}

function readRequest(octets: Uint8Array): Search | undefined {
  const fields = decodeJson(octets, { maxSize: octets.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
  try {
    return isJsonObject(fields) ? readSearch(fields) : undefined
  } catch (error) {
    if (error instanceof ContextRefusal) return undefined
    throw error
  }
}

function compareChunks(
  then: readonly ResourceDescriptor[],
  { collections, query, limit }: Search,
  loaded: ReadonlyMap<string, Loaded>,
): readonly LiveRow[] {
  const now = collections.flatMap((id) => {
    const { config, collection } = loaded.get(id) ?? {}
    if (config === undefined || collection === undefined) return []
    return collection
      .search(query, { limit: limit ?? config.results })
      .map((chunk) => ({ ...chunk, id: `${id}/${chunk.id}` }))
  })
  return Array.from({ length: Math.max(then.length, now.length) }, (_, at) => {
    const [before, found] = [then[at], now[at]]
    if (before === undefined) return chunkRow(found?.id ?? '', 'other', 'it was not found then')
    if (found === undefined) return chunkRow(before.name, 'other', 'it is not found now')
    if (before.name !== found.id) return chunkRow(before.name, 'other', `in its place now ${found.id}`)
    const digest = `sha256:${before.digest.sha256}`
    if (digest === found.digest) return chunkRow(before.name, 'same', digest)
    return chunkRow(before.name, 'other', `then ${digest}, now ${found.digest}`)
  })
}
