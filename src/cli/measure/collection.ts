/** `countersign measure index`: the root of a document collection, what it was cut into, and the proof of one chunk. @module */
import { parseArgs } from 'node:util'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { type Collection, loadCollection } from '../../retrieval/index.ts'
import { UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { grouped } from '../log/progress.ts'
import { printable, renderFields } from '../output.ts'
import type { Verb } from './verb.ts'

const EXAMPLE = 'For example: countersign measure index docs'
const HELP = `countersign measure index DIR [--extension .EXT]... [--max-characters N] [--prove ID] [--json]

Reads the documents of a folder, cuts them into chunks, and names the collection by one digest, its root: the digest that receipts name as the
retrieval index. It changes with every document, path and chunk, and with how documents are cut. Names that begin with a dot are left out;
links, and files that are not UTF-8, are refused.

  --extension .EXT    documents are the files of this extension, which may be given more than once; otherwise .md and .txt
  --max-characters N  of one chunk, 200 to 8000; otherwise 1200
  --prove ID          prints the proof that the chunk is in the index, and nothing else
  --json              the result for machines, with every chunk

Example: countersign measure index docs --prove 'verifying.md#0'
`
const OPTIONS = {
  extension: { type: 'string', multiple: true },
  'max-characters': { type: 'string' },
  prove: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

function renderCollection({ root, chunking, chunkingDigest, documents, chunks, size }: Collection): string {
  const counts = new Map<string, number>()
  for (const { id } of chunks) {
    const path = id.slice(0, id.lastIndexOf('#'))
    counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  const lines = documents.map((document): readonly [string, string] => {
    const count = counts.get(document.path) ?? 0
    return [printable(document.path), `${grouped(document.size)} octets, ${count} ${count === 1 ? 'chunk' : 'chunks'}`]
  })
  const facts = renderFields([
    ['documents', `${grouped(documents.length)}, ${grouped(size)} octets`],
    ['chunks', grouped(chunks.length)],
    ['cut by', `${chunking.method}, at most ${chunking.maxCharacters} characters, no overlap`],
    ['chunking', chunkingDigest],
    ['root', root],
  ])
  return `${renderFields(lines)}\n\n${facts}\n`
}

function collectionJson({ root, chunking, chunkingDigest, documents, chunks, size }: Collection): string {
  const listed = chunks.map(({ id, digest, size: octets }) => ({ id, digest, size: octets }))
  return `${JSON.stringify({ root, chunking: { ...chunking, overlap: 0 }, chunkingDigest, size, documents, chunks: listed })}\n`
}

function proofOf(collection: Collection, id: string): string {
  if (collection.chunk(id) === undefined)
    throw new UsageError(`the index has no chunk ${id}`, 'countersign measure index DIR --json lists the ids.')
  return `${decodeUtf8(collection.prove(id))}\n`
}

export const verb: Verb = {
  summary: 'the root of a document collection, and proofs of its chunks',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [directory, ...more] = positionals
    if (directory === undefined || more.length > 0) throw new UsageError('measure index wants one folder', EXAMPLE)
    const { extension, prove, json, 'max-characters': maxCharacters } = values
    if (prove !== undefined && json)
      throw new UsageError('--prove and --json exclude each other', 'A proof is JSON already.')
    const collection = await loadCollection(directory, {
      ...(extension === undefined ? {} : { extensions: extension }),
      ...(maxCharacters === undefined ? {} : { maxCharacters: Number(maxCharacters) }),
    })
    if (prove !== undefined) io.out(proofOf(collection, prove))
    else io.out(json ? collectionJson(collection) : renderCollection(collection))
    return EXIT_OK
  },
}
