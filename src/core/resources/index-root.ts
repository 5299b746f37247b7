/**
 * The root of an index: the RFC 6962 tree hash over a header leaf and one leaf for each chunk, in ascending order of their ids (by UTF-16
 * units, as JCS orders keys).
 *
 * The header is leaf 0: JCS of {profile, chunking, documents, chunks}. So the root changes with how documents were cut, though every chunk
 * stayed as it was, and with a document that has no chunk. A header cannot pass for a chunk: their fields differ. How chunks are ranked
 * is no part of the root: that is the gateway's code, which hardware measures.
 * @module
 */
import { CountersignError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { hashLeaf, MerkleTree } from '../log/index.ts'
import { type ChunkLeaf, encodeChunkLeaf } from './chunks.ts'

const INDEX_PROFILE = 'urn:countersign:index:1'

/** How documents are cut. Chunks never overlap. */
export interface Chunking {
  readonly method: 'headings-and-paragraphs'
  /** Of one chunk, in UTF-16 units. */
  readonly maxCharacters: number
}

/** Where a chunk stands in the tree, for its proof. */
export interface IndexPath {
  readonly index: number
  readonly leaves: number
  readonly hashes: readonly Uint8Array[]
}

export interface IndexTree {
  /** `sha256:<hex>` of the tree. */
  readonly root: string
  /** `sha256:` over JCS of the chunking parameters. */
  readonly chunkingDigest: string
  /** @throws CountersignError ERR_USAGE for an id that has no leaf */
  path(id: string): IndexPath
}

export interface IndexContent {
  readonly chunking: Chunking
  /** Files, those without any chunk too. */
  readonly documents: number
  readonly leaves: readonly ChunkLeaf[]
}

function chunkingValue({ method, maxCharacters }: Chunking): { method: string; maxCharacters: number; overlap: 0 } {
  return { method, maxCharacters, overlap: 0 }
}

/** Ids as text, unit by unit: no locale has a say. */
export function byId({ id: a }: { readonly id: string }, { id: b }: { readonly id: string }): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The tree over a collection.
 * @throws CountersignError ERR_USAGE when two chunks have one id
 */
export function indexTree({ chunking, documents, leaves }: IndexContent): IndexTree {
  const tree = new MerkleTree()
  const places = new Map<string, number>()
  const header = { profile: INDEX_PROFILE, chunking: chunkingValue(chunking), documents, chunks: leaves.length }
  tree.append(hashLeaf(encodeJcs(header)))
  for (const leaf of leaves.toSorted(byId)) {
    if (places.has(leaf.id)) throw new CountersignError('ERR_USAGE', 'two chunks of an index have one id')
    places.set(leaf.id, tree.append(hashLeaf(encodeChunkLeaf(leaf))))
  }
  return {
    root: `sha256:${encodeHex(tree.root())}`,
    chunkingDigest: digestUri(encodeJcs(chunkingValue(chunking))),
    path(id) {
      const index = places.get(id)
      if (index === undefined) throw new CountersignError('ERR_USAGE', 'no chunk of this index has that id')
      return { index, leaves: tree.size, hashes: tree.inclusionProof(index) }
    },
  }
}
