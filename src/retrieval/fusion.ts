/**
 * One ranking of several, by reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): a chunk gets 1 / (60 + its place) from each list that
 * has it. Only places count, since scores by words and by vectors have no common measure.
 * @module
 */
import { CountersignError } from '../errors.ts'
import type { Collection, FoundChunk } from './collection.ts'
import type { UnitVector } from './embeddings.ts'
import type { Vectors } from './vectors.ts'

/** As in the paper: what is far down adds little, and the first place alone does not decide. */
export const FUSION_K = 60
/** Places of each list that count. Vectors order every chunk, and far down the order says nothing. */
const WINDOW = 50

/** What a search by words and by vectors looks with. */
export interface HybridQuery {
  readonly query: string
  /** The query's own. */
  readonly vector: UnitVector
  /** Of all chunks of the collection, in its order. */
  readonly vectors: Vectors
  /** Chunks at most, 1 to 50. */
  readonly limit: number
}

/** Ids, best first; of equal scores the smaller id, which is the earlier chunk. */
export function fuseRankings(
  rankings: readonly (readonly string[])[],
): readonly { readonly id: string; readonly score: number }[] {
  const scores = new Map<string, number>()
  for (const ranking of rankings)
    for (const [n, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (FUSION_K + n + 1))
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

/**
 * The chunks that answer best by BM25 and by cosine similarity, best first.
 * @throws CountersignError ERR_USAGE where vectors are missing, or for a query that the collection refuses; ERR_UPSTREAM for a vector of another dimension
 */
export function searchHybrid(
  collection: Collection,
  { query, vector, vectors, limit }: HybridQuery,
): readonly FoundChunk[] {
  const { chunks } = collection
  if (vectors.size !== chunks.length)
    throw new CountersignError('ERR_USAGE', 'a search by vectors needs one for each chunk')
  const byWords = collection.search(query, { limit: WINDOW }).map(({ id }) => id)
  const byMeaning = vectors.nearest(vector, WINDOW).flatMap((place) => chunks[place]?.id ?? [])
  return fuseRankings([byWords, byMeaning])
    .slice(0, limit)
    .flatMap(({ id, score }) => {
      const chunk = collection.chunk(id)
      return chunk === undefined ? [] : [{ ...chunk, score }]
    })
}
