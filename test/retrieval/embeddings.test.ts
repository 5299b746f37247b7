/** Ranking by embeddings, and what a model server may answer. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fuseRankings } from '../../src/retrieval/fusion.ts'
import {
  type Collection,
  decodeEmbeddings,
  loadCollection,
  searchHybrid,
  type UnitVector,
  Vectors,
} from '../../src/retrieval/index.ts'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const answer = (...embeddings: readonly (readonly number[])[]): Uint8Array =>
  octets(JSON.stringify({ object: 'list', data: embeddings.map((embedding, index) => ({ index, embedding })) }))
const unit = (...values: readonly number[]): UnitVector => decodeEmbeddings(answer(values), 1)[0] ?? new Float32Array()

function vectorsOf(...list: readonly UnitVector[]): Vectors {
  const vectors = new Vectors(list.length)
  for (const vector of list) vectors.add(vector)
  return vectors
}

describe('the answer of an embedding model', () => {
  test('gives vectors of length 1 in the order of the texts, in whatever order they come', () => {
    const swapped = octets('{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}]}')
    const [first, second] = decodeEmbeddings(swapped, 2)
    expect([...(first ?? [])].map((value) => value.toFixed(6))).toEqual(['0.600000', '0.800000'])
    expect([...(second ?? [])]).toEqual([0, 1])
  })

  test.each([
    ['no JSON', 'secret text', 'is no JSON'],
    ['no list', '{"data":{}}', 'is no list of 2'],
    ['too few', '{"data":[{"index":0,"embedding":[1]}]}', 'is no list of 2'],
    ['one text twice', '{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}', 'once for each text'],
    ['no index', '{"data":[{"embedding":[1]},{"embedding":[1]}]}', 'once for each text'],
    ['a text too many', '{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}', 'once for each text'],
    ['base64', '{"data":[{"index":0,"embedding":"AAAA"},{"index":1,"embedding":"AAAA"}]}', 'no list of 1 to 8192'],
    ['nothing', '{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}', 'no list of 1 to 8192'],
    ['infinity', '{"data":[{"index":0,"embedding":[1e999]},{"index":1,"embedding":[1]}]}', 'that is no number'],
    ['null', '{"data":[{"index":0,"embedding":[1,null]},{"index":1,"embedding":[1,1]}]}', 'that is no number'],
    ['zeros', '{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[1,1]}]}', 'without direction'],
    ['overflow', '{"data":[{"index":0,"embedding":[1e300]},{"index":1,"embedding":[1]}]}', 'without direction'],
    ['two dimensions', '{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,1]}]}', 'several dimensions'],
  ])('is refused with %s', (_title, text, told) => {
    const decode = (): unknown => decodeEmbeddings(octets(text), 2)
    expect(decode).toThrow(expect.objectContaining({ code: 'ERR_UPSTREAM', message: expect.stringContaining(told) }))
    expect(decode).not.toThrow('secret')
  })

  test('is refused with more numbers than a vector has, and with more in all than a search may look at', () => {
    expect(() => decodeEmbeddings(answer(new Array(8193).fill(1)), 1)).toThrow('1 to 8192')
    const vector = unit(...new Array(1024).fill(1))
    expect(() => new Vectors(16_384).add(vector)).not.toThrow()
    expect(() => new Vectors(16_385).add(vector)).toThrow('16385 chunks with embeddings of 1024 dimensions')
  })
})

describe('vectors', () => {
  test('are ordered by their angle alone, of equal ones the earlier first', () => {
    const vectors = vectorsOf(unit(0, 1), unit(100, 1), unit(1, 1), unit(2, 2), unit(1, 0))
    expect(vectors.nearest(unit(7, 0), 5)).toEqual([4, 1, 2, 3])
    for (const limit of [1, 2, 3]) expect(vectors.nearest(unit(7, 0), limit)).toEqual([4, 1, 2].slice(0, limit))
    expect(vectors.nearest(unit(-1, -1), 5)).toEqual([])
  })

  test('of another dimension are refused', () => {
    const vectors = vectorsOf(unit(1, 2))
    for (const act of [() => vectors.add(unit(1)), () => vectors.nearest(unit(1, 2, 3), 1)])
      expect(act).toThrow(expect.objectContaining({ code: 'ERR_UPSTREAM' }))
    expect(vectors.size).toBe(1)
  })
})

describe('fused rankings', () => {
  test('put first what several lists have, by places and nothing else', () => {
    const fused = fuseRankings([
      ['a', 'b', 'c'],
      ['d', 'c'],
    ])
    expect(fused.map(({ id }) => id)).toEqual(['c', 'a', 'd', 'b'])
    expect(fused[0]?.score).toBe(1 / 63 + 1 / 62)
    expect(fused[1]?.score).toBe(1 / 61)
  })

  test('do not depend on the order of the lists; a tie goes to the earlier chunk', () => {
    const [one, other] = [
      ['b', 'a'],
      ['a', 'b'],
    ]
    if (one === undefined || other === undefined) throw new Error('two lists')
    expect(fuseRankings([one, other])).toEqual(fuseRankings([other, one]))
    expect(fuseRankings([one, other]).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(fuseRankings([['x'], []]).map(({ id }) => id)).toEqual(['x'])
  })
})

describe('a search by words and vectors', () => {
  let folder = ''
  let collection: Collection
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embeddings-'))
    await writeFile(join(folder, 'a.txt'), 'An apple hangs on the tree.')
    await writeFile(join(folder, 'b.txt'), 'The automobile stands in the garage.')
    await writeFile(join(folder, 'c.txt'), 'Rain falls on the roof.')
    collection = await loadCollection(folder)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('finds what no word of the query is in, and puts first what both find', () => {
    const vectors = vectorsOf(unit(1, 0, 0), unit(0, 1, 0), unit(0, 1, 4))
    const find = (query: string): readonly string[] =>
      searchHybrid(collection, { query, vector: unit(0, 1, 0), vectors, limit: 3 }).map(({ id }) => id)
    expect(collection.search('car', { limit: 3 })).toEqual([])
    expect(find('car')).toEqual(['b.txt#0', 'c.txt#0'])
    expect(find('apple rain')).toEqual(['c.txt#0', 'b.txt#0', 'a.txt#0'])
  })

  test('is not made with vectors of some chunks alone', () => {
    const query = { query: 'car', vector: unit(1), vectors: vectorsOf(unit(1)), limit: 1 }
    expect(() => searchHybrid(collection, query)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})
