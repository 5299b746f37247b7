/** A measured collection of documents: its index root, its chunks, search by words and by embeddings, proofs. @module */
export {
  type Chunk,
  type Collection,
  type CollectionOptions,
  type FoundChunk,
  loadCollection,
  type SearchOptions,
} from './collection.ts'
export { decodeEmbeddings, embeddingsSize, type UnitVector } from './embeddings.ts'
export { FUSION_K, type HybridQuery, searchHybrid } from './fusion.ts'
export { Vectors } from './vectors.ts'
