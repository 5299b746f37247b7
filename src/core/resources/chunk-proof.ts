/**
 * The proof that one chunk is in an index, without the others: whoever holds an archive can hand it on, and anyone who has the receipt's
 * index root checks it, offline.
 *
 * ```json
 * {"profile":"urn:countersign:chunk-proof:1","id":"auditing.md#3","digest":"sha256:…","size":812,"document":"sha256:…",
 *  "index":4,"leaves":212,"hashes":["<base64 of 32 octets>", …]}
 * ```
 * What is proven is the leaf: id, text and document. `index` and `leaves` only say which way the hashes lead; for some inner places the
 * same hashes lead to the same root under another pair, so nothing may rest on them.
 * @module
 */
import { digestUri } from '../crypto/index.ts'
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { HASH_SIZE, hashLeaf, inclusionRoot } from '../log/index.ts'
import { judge, type Verdict } from '../verdict.ts'
import { type ChunkLeaf, encodeChunkLeaf, readChunkLeaf } from './chunks.ts'
import type { IndexPath } from './index-root.ts'

const PROOF_PROFILE = 'urn:countersign:chunk-proof:1'
export const CHUNK_PROOF_TYPE: string = `application/json; profile="${PROOF_PROFILE}"`

/** A tree of 2^53 - 1 leaves has paths of 53 hashes. */
const MAX_HASHES = 53
const MAX_PROOF_SIZE = 8192
const CODES = { missing: 'INDEX_PROOF', unknown: 'INDEX_PROOF', invalid: 'INDEX_PROOF' } as const
const CHECKS = ['proof-format', 'chunk-digest', 'inclusion'] as const

export interface ChunkProof extends ChunkLeaf, IndexPath {}

/** The canonical octets (JCS) of a proof. */
export function encodeChunkProof({ hashes, index, leaves, id, digest, size, document }: ChunkProof): Uint8Array {
  const path = { index, leaves, hashes: hashes.map(encodeBase64) }
  return encodeJcs({ profile: PROOF_PROFILE, id, digest, size, document, ...path })
}

/**
 * Layout only: {@link verifyChunk} judges. All of it is its bearer's.
 * @throws MalformedError INDEX_PROOF, EVIDENCE_TOO_LARGE, JSON_*, UTF8_INVALID, BASE64_STRICT
 */
export function decodeChunkProof(source: Uint8Array): ChunkProof {
  const reader = new ObjectReader(decodeJson(source, { maxSize: MAX_PROOF_SIZE }), 'proof', CODES)
  reader.oneOf('profile', [PROOF_PROFILE])
  const leaf = readChunkLeaf(reader)
  const index = reader.integer('index')
  const leaves = reader.integer('leaves', { min: 1 })
  const texts = reader.strings('hashes')
  if (texts.length > MAX_HASHES) throw reader.invalid('hashes', `holds at most ${MAX_HASHES}`)
  const hashes = texts.map(decodeBase64)
  if (hashes.some(({ length }) => length !== HASH_SIZE)) throw reader.invalid('hashes', 'must hold hashes of 32 octets')
  reader.end()
  return { ...leaf, index, leaves, hashes }
}

export interface ChunkEvidence {
  /** As the receipt names the chunk. */
  readonly id: string
  /** The chunk's exact octets, as whoever shows the chunk gives them. */
  readonly text: Uint8Array
  readonly proof: Uint8Array
  /** `sha256:<hex>`: the root of the index, as the receipt names it. */
  readonly root: string
}

/** Passes only if a chunk of that id and that text is in the index of `root`. */
export function verifyChunk({ id, text, proof, root }: ChunkEvidence): Promise<Verdict<ChunkLeaf>> {
  return judge(CHECKS, async (check) => {
    const decoded = check.decode('proof-format', () => decodeChunkProof(proof), 'INDEX_PROOF')
    const { digest, size, document } = decoded
    const seen = digestUri(text)
    check.that('chunk-digest', seen === digest && text.length === size, 'INDEX_PROOF', { seen, wanted: digest })
    if (decoded.id !== id) check.fail('inclusion', 'INDEX_PROOF', { seen: decoded.id, wanted: id })
    const leaf = { id, digest, size, document }
    const reached = check.decode('inclusion', () => rootOf(leaf, decoded), 'INDEX_PROOF')
    check.that('inclusion', reached === root, 'INDEX_PROOF', { seen: reached, wanted: root })
    return leaf
  })
}

function rootOf(leaf: ChunkLeaf, { index, leaves, hashes }: IndexPath): string {
  const leafHash = hashLeaf(encodeChunkLeaf(leaf))
  return `sha256:${encodeHex(inclusionRoot({ leafHash, index, size: leaves, proof: hashes }))}`
}
