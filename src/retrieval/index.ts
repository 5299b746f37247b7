/** A measured collection of documents: its index root, its chunks, search, proofs. @module */
export {
  type Chunk,
  type Collection,
  type CollectionOptions,
  type FoundChunk,
  loadCollection,
  type SearchOptions,
} from './collection.ts'
