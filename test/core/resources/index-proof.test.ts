import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  CHUNK_PROOF_TYPE,
  type ChunkProof,
  decodeChunkProof,
  encodeChunkProof,
  verifyChunk,
} from '../../../src/core/resources/chunk-proof.ts'
import { chunkLeaf } from '../../../src/core/resources/chunks.ts'
import { type Chunking, indexTree } from '../../../src/core/resources/index-root.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { failureOf } from '../../kit/failure-of.ts'

const CHUNKING: Chunking = { method: 'headings-and-paragraphs', maxCharacters: 1200 }
const FILES = [`sha256:${'0a'.repeat(32)}`, `sha256:${'0b'.repeat(32)}`] as const

/** Two documents of equal texts; `count` chunks in all. */
function collectionOf(count: number) {
  const leaves = Array.from({ length: count }, (_, i) => {
    const [name, file] = i % 2 === 0 ? ['a.md', FILES[0]] : ['b.md', FILES[1]]
    const n = Math.floor(i / 2)
    return chunkLeaf(`${name}#${n}`, encodeUtf8(`text ${n}`), file)
  })
  const tree = indexTree({ chunking: CHUNKING, documents: 2, leaves })
  const proofOf = (id: string): ChunkProof => {
    const leaf = leaves.find((candidate) => candidate.id === id)
    if (leaf === undefined) throw new Error(`no chunk ${id}`)
    return { ...leaf, ...tree.path(id) }
  }
  return { root: tree.root, leaves, proofOf }
}

const { root, leaves, proofOf } = collectionOf(20)
const ID = 'a.md#3'
const TEXT = encodeUtf8('text 3')

async function outcome(proof: ChunkProof | Uint8Array, given: { id?: string; text?: Uint8Array; root?: string } = {}) {
  const octets = proof instanceof Uint8Array ? proof : encodeChunkProof(proof)
  const verdict = await verifyChunk({ id: ID, text: TEXT, root, ...given, proof: octets })
  return verdict.ok ? 'ok' : `${failedCheck(verdict.checks)?.name} ${verdict.code}`
}

function altered(change: (value: Record<string, unknown>) => Record<string, unknown> | string): Uint8Array {
  const value: Record<string, unknown> = JSON.parse(new TextDecoder().decode(encodeChunkProof(proofOf(ID))))
  const changed = change(value)
  return encodeUtf8(typeof changed === 'string' ? changed : JSON.stringify(changed))
}

describe('the proof of a chunk', () => {
  test('holds for every chunk of every size of index, and gives what is proven', async () => {
    for (const count of [1, 2, 3, 4, 7, 8, 9, 20]) {
      const index = collectionOf(count)
      for (const { id, digest, size, document } of index.leaves) {
        const n = id.slice('a.md#'.length)
        const evidence = { id, text: encodeUtf8(`text ${n}`), root: index.root }
        const verdict = await verifyChunk({ ...evidence, proof: encodeChunkProof(index.proofOf(id)) })
        expect(verdict).toMatchObject({ ok: true, value: { id, digest, size, document } })
        expect(verdict.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
          'proof-format pass',
          'chunk-digest pass',
          'inclusion pass',
        ])
      }
    }
  })

  test('has one text, and decodes to what was encoded', () => {
    const proof = proofOf(ID)
    const octets = encodeChunkProof(proof)
    expect(decodeChunkProof(octets)).toEqual(proof)
    expect(encodeChunkProof(decodeChunkProof(octets))).toEqual(octets)
    expect(CHUNK_PROOF_TYPE).toBe('application/json; profile="urn:countersign:chunk-proof:1"')
  })

  test('an altered text is refused by its digest', async () => {
    expect(await outcome(proofOf(ID), { text: encodeUtf8('text 4') })).toBe('chunk-digest INDEX_PROOF')
    expect(await outcome(proofOf(ID), { text: encodeUtf8('text 3 ') })).toBe('chunk-digest INDEX_PROOF')
    expect(await outcome(proofOf(ID), { text: new Uint8Array() })).toBe('chunk-digest INDEX_PROOF')
  })

  test('an altered text whose digest the proof names is refused by the tree', async () => {
    const text = encodeUtf8('forged')
    const forged = chunkLeaf(ID, text, FILES[0])
    expect(await outcome({ ...proofOf(ID), ...forged }, { text })).toBe('inclusion INDEX_PROOF')
  })

  test('a size that is not that of the text is refused, in the proof and with it', async () => {
    expect(await outcome({ ...proofOf(ID), size: TEXT.length + 1 })).toBe('chunk-digest INDEX_PROOF')
  })

  test('another id is refused: as the receipt names it, as the proof names it, and as both do', async () => {
    expect(await outcome(proofOf(ID), { id: 'a.md#4' })).toBe('inclusion INDEX_PROOF')
    expect(await outcome({ ...proofOf(ID), id: 'a.md#4' })).toBe('inclusion INDEX_PROOF')
    expect(await outcome({ ...proofOf(ID), id: 'a.md#4' }, { id: 'a.md#4' })).toBe('inclusion INDEX_PROOF')
  })

  test('the chunk of another document with the same text does not stand in', async () => {
    const twin = proofOf('b.md#3')
    expect(twin.digest).toBe(proofOf(ID).digest)
    expect(await outcome(twin, { id: 'b.md#3' })).toBe('ok')
    expect(await outcome(twin)).toBe('inclusion INDEX_PROOF')
    expect(await outcome({ ...twin, id: ID })).toBe('inclusion INDEX_PROOF')
    expect(await outcome({ ...proofOf(ID), document: twin.document })).toBe('inclusion INDEX_PROOF')
  })

  test('every other index of the same index tree is refused, the neighbours among them', async () => {
    for (const { id } of leaves) {
      const proof = proofOf(id)
      const text = encodeUtf8(`text ${id.slice('a.md#'.length)}`)
      for (let index = 0; index <= proof.leaves; index++) {
        const wanted = index === proof.index ? 'ok' : 'inclusion INDEX_PROOF'
        expect(await outcome({ ...proof, index }, { id, text })).toBe(wanted)
      }
    }
  })

  test('a hash more, a hash less, one that is altered and two that changed places are refused', async () => {
    const { hashes, ...proof } = proofOf(ID)
    const [first = new Uint8Array(32), second = new Uint8Array(32), ...rest] = hashes
    const flipped = first.map((byte, i) => (i === 31 ? byte ^ 1 : byte))
    const variants = [
      [...hashes, new Uint8Array(32)],
      [new Uint8Array(32), ...hashes],
      hashes.slice(1),
      hashes.slice(0, -1),
      [],
      [flipped, second, ...rest],
      [second, first, ...rest],
    ]
    for (const variant of variants) expect(await outcome({ ...proof, hashes: variant })).toBe('inclusion INDEX_PROOF')
  })

  test('another root is refused: of another index, in other spelling, none', async () => {
    for (const other of [collectionOf(19).root, root.toUpperCase(), root.slice('sha256:'.length), ''])
      expect(await outcome(proofOf(ID), { root: other })).toBe('inclusion INDEX_PROOF')
  })

  test('a node of the tree does not pass for a chunk', async () => {
    const { hashes, ...proof } = proofOf(ID)
    expect(
      await outcome({ ...proof, index: proof.index >> 1, leaves: proof.leaves >> 1, hashes: hashes.slice(1) }),
    ).toBe('inclusion INDEX_PROOF')
  })

  test.each<[string, (value: Record<string, unknown>) => Record<string, unknown> | string]>([
    ['a field that nobody knows', (value) => ({ ...value, extra: 1 })],
    ['a missing field', ({ document: _, ...value }) => value],
    ['another profile', (value) => ({ ...value, profile: 'urn:countersign:chunk-proof:2' })],
    ['an id of another form', (value) => ({ ...value, id: '../secret' })],
    ['a digest in upper case', (value) => ({ ...value, digest: `sha256:${'AB'.repeat(32)}` })],
    ['a negative size', (value) => ({ ...value, size: -1 })],
    ['an index that is text', (value) => ({ ...value, index: '4' })],
    ['an index beyond 2^53', (value) => ({ ...value, index: 2 ** 53 })],
    ['no leaves', (value) => ({ ...value, leaves: 0 })],
    ['a short hash', (value) => ({ ...value, hashes: ['AAAA'] })],
    ['a hash without padding', (value) => ({ ...value, hashes: ['A'.repeat(43)] })],
    ['hashes that are no list', (value) => ({ ...value, hashes: {} })],
    ['54 hashes', (value) => ({ ...value, hashes: Array.from({ length: 54 }, () => `${'A'.repeat(43)}=`) })],
    ['a key twice', (value) => JSON.stringify(value).replace('{', '{"size":6,')],
    ['a list', () => '[]'],
    ['nothing', () => ''],
    ['text behind the end', (value) => `${JSON.stringify(value)}x`],
    ['more than 8 KiB', (value) => `${JSON.stringify(value)}${' '.repeat(8192)}`],
  ])('refuses a proof with %s', async (_, change) => {
    const octets = altered(change)
    expect(await outcome(octets)).toBe('proof-format INDEX_PROOF')
    expect(failureOf(() => decodeChunkProof(octets))).toMatch(
      /^(?:INDEX_PROOF|EVIDENCE_TOO_LARGE|JSON_|PARSE_|BASE64_)/,
    )
  })

  test('the largest proof that can be made is one that can be read', () => {
    const id = `${'文"'.repeat(500)}#999999999`
    const hashes = Array.from({ length: 53 }, () => new Uint8Array(32).fill(255))
    const proof = { ...proofOf(ID), id, hashes, index: 2 ** 53 - 2, leaves: 2 ** 53 - 1 }
    expect(decodeChunkProof(encodeChunkProof(proof))).toEqual(proof)
  })
})
