import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { chunkLeaf, encodeChunkLeaf, isChunkId } from '../../../src/core/resources/chunks.ts'
import { type Chunking, indexTree } from '../../../src/core/resources/index-root.ts'
import { failureOf } from '../../kit/failure-of.ts'

const CHUNKING: Chunking = { method: 'headings-and-paragraphs', maxCharacters: 1200 }
const FILE = `sha256:${'ab'.repeat(32)}`

function leafOf(id: string, text = id) {
  return chunkLeaf(id, encodeUtf8(text), FILE)
}

function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const ZERO = Uint8Array.of(0)
const ONE = Uint8Array.of(1)

describe('the root of an index', () => {
  test('is the RFC 6962 hash over a header and the leaves, as written out by hand', () => {
    const text = sha256('text of b').toString('hex')
    const header =
      '{"chunking":{"maxCharacters":1200,"method":"headings-and-paragraphs","overlap":0},"chunks":2,"documents":3,"profile":"urn:countersign:index:1"}'
    const a = `{"digest":"sha256:${sha256('text of a').toString('hex')}","document":"${FILE}","id":"a.md#0","size":9}`
    const b = `{"digest":"sha256:${text}","document":"${FILE}","id":"b.md#0","size":9}`
    const [h, l, r] = [sha256(ZERO, header), sha256(ZERO, a), sha256(ZERO, b)]
    const { root } = indexTree({
      chunking: CHUNKING,
      documents: 3,
      leaves: [leafOf('b.md#0', 'text of b'), leafOf('a.md#0', 'text of a')],
    })
    expect(root).toBe(`sha256:${sha256(ONE, sha256(ONE, h, l), r).toString('hex')}`)
  })

  test('changes with a text, an id, a file, a chunk more or less, and how documents are cut', () => {
    const base = { chunking: CHUNKING, documents: 2, leaves: [leafOf('a.md#0'), leafOf('b.md#0')] }
    const variants = [
      base,
      { ...base, leaves: [leafOf('a.md#0', 'other'), leafOf('b.md#0')] },
      { ...base, leaves: [leafOf('a.md#1', 'a.md#0'), leafOf('b.md#0')] },
      { ...base, leaves: [{ ...leafOf('a.md#0'), document: `sha256:${'cd'.repeat(32)}` }, leafOf('b.md#0')] },
      { ...base, leaves: [{ ...leafOf('a.md#0'), size: 7 }, leafOf('b.md#0')] },
      { ...base, leaves: [leafOf('a.md#0')] },
      { ...base, leaves: [...base.leaves, leafOf('c.md#0')] },
      { ...base, documents: 3 },
      { ...base, chunking: { ...CHUNKING, maxCharacters: 1201 } },
    ]
    expect(new Set(variants.map((content) => indexTree(content).root)).size).toBe(variants.length)
  })

  test('does not depend on the order in which chunks are given', () => {
    const leaves = ['b.md#0', 'a.md#10', 'a.md#2', 'ä.md#0', 'B.md#0'].map((id) => leafOf(id))
    const roots = [leaves, leaves.toReversed()].map(
      (order) => indexTree({ chunking: CHUNKING, documents: 4, leaves: order }).root,
    )
    expect(roots[0]).toBe(roots[1])
  })

  test('the digest of the chunking is of its parameters alone', () => {
    const digestOf = (maxCharacters: number, ids: readonly string[]) =>
      indexTree({ chunking: { ...CHUNKING, maxCharacters }, documents: 1, leaves: ids.map((id) => leafOf(id)) })
        .chunkingDigest
    expect(digestOf(1200, ['a.md#0'])).toBe(digestOf(1200, []))
    expect(digestOf(1200, [])).not.toBe(digestOf(1201, []))
  })

  test('two chunks of one id are a mistake, and so is a path to none', () => {
    const content = { chunking: CHUNKING, documents: 1 }
    expect(() => indexTree({ ...content, leaves: [leafOf('a.md#0'), leafOf('a.md#0', 'b')] })).toThrow('one id')
    expect(() => indexTree({ ...content, leaves: [leafOf('a.md#0')] }).path('a.md#1')).toThrow('no chunk')
  })
})

describe('the leaf of a chunk', () => {
  test('is canonical JSON of exactly id, digest, size and document', () => {
    const leaf = { ...leafOf('folder/ä.md#12', 'é'), text: 'é' }
    const octets = `{"digest":"sha256:${sha256('é').toString('hex')}","document":"${FILE}","id":"folder/ä.md#12","size":2}`
    expect(new TextDecoder().decode(encodeChunkLeaf(leaf))).toBe(octets)
  })

  test.each(['a.md#0', 'a/b/c.txt#17', 'a#b.md#3', '..md#0', '..#x#0', 'a.md#999999999', 'naïve 文.md#1'])(
    'takes the id %s',
    (id) => {
      expect(isChunkId(id)).toBe(true)
    },
  )

  test.each([
    '',
    'a.md',
    '#0',
    'a.md#',
    'a.md#01',
    'a.md#-1',
    'a.md#1e3',
    'a.md#1234567890',
    '/a.md#0',
    'a//b.md#0',
    '../a.md#0',
    'a/../b.md#0',
    './a.md#0',
    'a/..#0',
    'a\n.md#0',
    'a\u0000.md#0',
    '\ud800.md#0',
    `${'a'.repeat(1030)}#0`,
  ])('refuses the id %j', (id) => {
    expect(isChunkId(id)).toBe(false)
    expect(failureOf(() => leafOf(id, 'text'))).toBe('INDEX_PROOF')
  })
})
