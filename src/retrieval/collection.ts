/**
 * A measured collection of documents: a folder, cut into chunks, under one root, with search over it.
 *
 * A collection never changes. When the folder may have, `reload()` reads it again and gives another collection; the gateway makes an epoch
 * of it where the root differs.
 *
 * A chunk has at most 1,200 characters unless told otherwise. Of 400, 600, 800, 1000, 1200, 1600, 2000 and 3000 this is the least with which
 * each question of test/retrieval/questions.ts over this project's own docs finds its chunk among the first three: shorter ones lose the
 * words that a question shares with its section, longer ones only fill the context. No overlap: a chunk is cited by its digest, and one
 * sentence must not stand in two.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { encodeChunkProof } from '../core/resources/chunk-proof.ts'
import { type ChunkLeaf, chunkLeaf } from '../core/resources/chunks.ts'
import { byId, type Chunking, indexTree } from '../core/resources/index-root.ts'
import { CountersignError } from '../errors.ts'
import { Ranking } from './ranking.ts'
import { type ReadDocument, type ReadLimits, readDocuments } from './read-documents.ts'
import { splitText, type TextChunk } from './split.ts'

export interface Chunk extends ChunkLeaf {
  /** Its UTF-8 octets are what `digest` is of. */
  readonly text: string
}

export interface FoundChunk extends Chunk {
  readonly score: number
}

export interface SearchOptions {
  /** At most this many, 1 to 50. */
  readonly limit: number
  /** Chunks that score less are left out. */
  readonly minScore?: number
}

export interface CollectionOptions {
  /** Of the files that are documents, with their dot. */
  readonly extensions?: readonly string[]
  /** Of one chunk, in UTF-16 units: 200 to 8000. */
  readonly maxCharacters?: number
  readonly limits?: Partial<ReadLimits>
}

export interface Collection {
  /** `sha256:<hex>`, see core/resources/index-root. */
  readonly root: string
  readonly chunking: Chunking
  /** `sha256:` over JCS of the chunking parameters. */
  readonly chunkingDigest: string
  readonly documents: readonly { readonly path: string; readonly digest: string; readonly size: number }[]
  /** In ascending order of ids. */
  readonly chunks: readonly Chunk[]
  /** Octets of all documents. */
  readonly size: number
  /**
   * The chunks that answer best, best first. One query gives one result on every machine.
   * @throws CountersignError ERR_USAGE for a query of more than 8,192 UTF-16 units
   */
  search(query: string, options: SearchOptions): readonly FoundChunk[]
  chunk(id: string): Chunk | undefined
  /** The encoded proof that the chunk is in the index. @throws CountersignError ERR_USAGE for an id that is not there */
  prove(id: string): Uint8Array
  /** Reads the folder again, with the same options. */
  reload(): Promise<Collection>
}

const MAX_CHARACTERS = 1200
const EXTENSIONS = ['.md', '.txt']
const MARKDOWN = /\.(?:md|markdown)$/i
const LIMITS: ReadLimits = { fileSize: 4 << 20, size: 64 << 20, files: 10_000 }
/** Text of many short sections makes many chunks of few octets. */
const MAX_CHUNKS = 100_000
const MAX_QUERY = 8192
const MAX_RESULTS = 50

/**
 * Reads and indexes a folder.
 * @throws CountersignError ERR_CONFIG naming the file that is refused, or the option that is wrong
 */
export async function loadCollection(directory: string, options: CollectionOptions = {}): Promise<Collection> {
  const { extensions = EXTENSIONS, maxCharacters = MAX_CHARACTERS, limits = {} } = options
  if (!Number.isInteger(maxCharacters) || maxCharacters < 200 || maxCharacters > 8000)
    throw new CountersignError('ERR_CONFIG', 'maxCharacters of a collection is a whole number from 200 to 8000')
  if (extensions.length === 0 || !extensions.every((extension) => /^\.[a-z0-9]+$/.test(extension)))
    throw new CountersignError('ERR_CONFIG', 'extensions of a collection are like .md, in lower case')
  const documents: ReadDocument[] = []
  const cut: Cut[] = []
  for await (const document of readDocuments(directory, { extensions, limits: { ...LIMITS, ...limits } })) {
    documents.push(document)
    for (const piece of cutDocument(document, maxCharacters)) cut.push(piece)
    if (cut.length > MAX_CHUNKS)
      throw new CountersignError('ERR_CONFIG', `${directory} has more than ${MAX_CHUNKS} chunks`)
  }
  if (cut.length === 0)
    throw new CountersignError('ERR_CONFIG', `${directory} has no text in files of ${extensions.join(', ')}`)
  return index(
    cut.sort((a, b) => byId(a.chunk, b.chunk)),
    {
      chunking: { method: 'headings-and-paragraphs', maxCharacters },
      documents: documents.map(({ path, digest, size }) => ({ path, digest, size })),
      reload: () => loadCollection(directory, options),
    },
  )
}

interface Cut {
  readonly chunk: Chunk
  readonly headings: string
}

function cutDocument({ path, text, digest }: ReadDocument, maxCharacters: number): readonly Cut[] {
  return splitText(text, { markdown: MARKDOWN.test(path), maxCharacters }).map((piece: TextChunk, n) => ({
    chunk: { ...chunkLeaf(`${path}#${n}`, encodeUtf8(piece.text), digest), text: piece.text },
    headings: [path, ...piece.headings].join('\n'),
  }))
}

type Facts = Pick<Collection, 'chunking' | 'documents' | 'reload'>

async function index(cut: readonly Cut[], facts: Facts): Promise<Collection> {
  const { chunking, documents } = facts
  const chunks = cut.map(({ chunk }) => chunk)
  const tree = indexTree({ chunking, documents: documents.length, leaves: chunks })
  const ranking = new Ranking()
  for (const [n, { chunk, headings }] of cut.entries()) {
    ranking.add({ id: chunk.id, text: chunk.text, headings })
    // A gateway that reloads goes on answering meanwhile.
    if (n % 64 === 63) await setImmediate()
  }
  const known = new Map(chunks.map((chunk) => [chunk.id, chunk]))
  return {
    ...facts,
    root: tree.root,
    chunkingDigest: tree.chunkingDigest,
    chunks,
    size: documents.reduce((sum, { size }) => sum + size, 0),
    search(query, { limit, minScore = 0 }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_RESULTS)
        throw new CountersignError('ERR_USAGE', `a search gives 1 to ${MAX_RESULTS} chunks`)
      if (query.length > MAX_QUERY)
        throw new CountersignError('ERR_USAGE', `a query has at most ${MAX_QUERY} UTF-16 units`)
      return ranking
        .rank(query)
        .slice(0, limit)
        .flatMap(({ id, score }) => {
          const chunk = known.get(id)
          return chunk === undefined || score < minScore ? [] : [{ ...chunk, score }]
        })
    },
    chunk: (id) => known.get(id),
    prove(id) {
      const path = tree.path(id)
      const chunk = known.get(id)
      if (chunk === undefined) throw new CountersignError('ERR_USAGE', 'no chunk of this index has that id')
      return encodeChunkProof({ ...chunk, ...path })
    },
  }
}
