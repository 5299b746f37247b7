/**
 * What an index says of one chunk of a document: its leaf in the index's tree.
 *
 * The id is `<path>#<n>`: the path of the document in its collection, with `/` between folders, and the place of the chunk in that
 * document, counted from 0. `digest` and `size` are of the chunk's exact UTF-8 octets. `document` is the digest of the whole file, so that
 * the same words in two files, or in two versions of one, are two leaves.
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import { DIGEST_URI } from '../evidence/resource-descriptor.ts'

/** UTF-16 units of the longest id, `#<n>` included. */
const MAX_CHUNK_ID = 1024
/** Octets of the largest chunk: what a reader must be ready to hash. */
const MAX_CHUNK_SIZE = 1 << 20

/** No empty, `.` or `..` segment and no control character: an id is shown to people and may be taken for a path. */
const CHUNK_ID = /^(?:(?!\.{1,2}\/)[^/\p{Cc}\p{Cs}]+\/)*(?!\.{1,2}#[0-9]+$)[^/\p{Cc}\p{Cs}]+#(?:0|[1-9][0-9]{0,8})$/u

export interface ChunkLeaf {
  readonly id: string
  /** `sha256:` of the chunk's text. */
  readonly digest: string
  /** Octets of the chunk's text. */
  readonly size: number
  /** `sha256:` of the file that the chunk was cut from. */
  readonly document: string
}

/** The leaf of a chunk. @throws MalformedError INDEX_PROOF for an id of another form */
export function chunkLeaf(id: string, text: Uint8Array, document: string): ChunkLeaf {
  return { id: requireChunkId(id), digest: digestUri(text), size: text.length, document }
}

/** The octets of a leaf, before RFC 6962's prefix: JCS (RFC 8785) of exactly these four fields. */
export function encodeChunkLeaf({ id, digest, size, document }: ChunkLeaf): Uint8Array {
  return encodeJcs({ id, digest, size, document })
}

/** Reads the four fields of a leaf. @throws MalformedError INDEX_PROOF */
export function readChunkLeaf(reader: ObjectReader): ChunkLeaf {
  return {
    id: requireChunkId(reader.string('id')),
    digest: reader.string('digest', DIGEST_URI),
    size: reader.integer('size', { max: MAX_CHUNK_SIZE }),
    document: reader.string('document', DIGEST_URI),
  }
}

/** Whether `id` has the form of a chunk's id. Units are counted first: a longer text is not looked into. */
export function isChunkId(id: string): boolean {
  return id.length <= MAX_CHUNK_ID && CHUNK_ID.test(id)
}

function requireChunkId(id: string): string {
  if (!isChunkId(id)) throw new MalformedError('INDEX_PROOF', 'the id of a chunk is <path>#<n>')
  return id
}
