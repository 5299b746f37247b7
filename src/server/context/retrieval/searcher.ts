/**
 * How one collection is searched: by words, or by words and embeddings. Which it is stands in the measured configuration and in the receipt;
 * a search that cannot be made so is refused, and never made in another way.
 * @module
 */
import { CountersignError } from '../../../errors.ts'
import { type Collection, type FoundChunk, searchHybrid } from '../../../retrieval/index.ts'
import type { ServedModel } from '../../upstream/types.ts'
import { ContextUnavailable } from '../unavailable.ts'
import { ChunkVectors } from './chunk-vectors.ts'
import type { Embedder } from './embedder.ts'

export interface SearchRequest {
  readonly query: string
  readonly limit: number
  /** Of the request that searches. */
  readonly signal: AbortSignal
}

export interface SearchResult {
  /** Best first. */
  readonly chunks: readonly FoundChunk[]
  /** That took part in the ranking; `none` where words alone did. */
  readonly embeddedBy: ServedModel | 'none'
}

export interface Searcher {
  /** @throws ContextUnavailable where the search cannot be made as the configuration says */
  search(request: SearchRequest): Promise<SearchResult>
  close(): void
}

/** For the embedding of all chunks that a first search waits for, and of one query. */
const CHUNKS_MS = 30_000
const QUERY_MS = 10_000

export function searchByWords(collection: Collection): Searcher {
  return {
    search: async ({ query, limit }) => ({ chunks: collection.search(query, { limit }), embeddedBy: 'none' }),
    close: () => {},
  }
}

export function searchByEmbeddings(collection: Collection, embedder: Embedder): Searcher {
  const chunkVectors = new ChunkVectors(collection.chunks, embedder.embed)
  const search = async ({ query, limit, signal }: SearchRequest): Promise<SearchResult> => {
    const embeddedBy = embedder.model()
    // There is nothing to be like.
    if (query.trim() === '') return { chunks: [], embeddedBy }
    const vectors = await chunkVectors.ready(within(signal, CHUNKS_MS))
    // A model that takes chunks takes as much of a query. Of a longer one its end counts, where questions stand.
    const text = query.slice(-collection.chunking.maxCharacters)
    const [vector] = await embedder.embed([text], within(signal, QUERY_MS))
    if (vector === undefined) throw new CountersignError('ERR_UPSTREAM', 'the embedding model gave no vector')
    try {
      return { chunks: searchHybrid(collection, { query, vector, vectors, limit }), embeddedBy }
    } catch (error) {
      // Of another dimension: another model answers now than when the chunks were embedded.
      chunkVectors.forget(vectors)
      throw error
    }
  }
  return {
    search: async (request) => {
      try {
        return await search(request)
      } catch (cause) {
        if (!(cause instanceof CountersignError) || cause.code !== 'ERR_UPSTREAM') throw cause
        // These messages are the gateway's own: the name of an upstream, a status, a count.
        throw new ContextUnavailable(`The collection cannot be searched now: ${cause.message}.`, { cause })
      }
    },
    close: () => chunkVectors.close(),
  }
}

function within(signal: AbortSignal, timeoutMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
}
