import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Collection, loadCollection } from '../../src/retrieval/index.ts'
import { Ranking } from '../../src/retrieval/ranking.ts'
import { termsOf } from '../../src/retrieval/terms.ts'

let folder = ''
let collection: Collection
const FILES = {
  'b.md': 'the same words',
  'a.md': 'the same words',
  'apples.md': '# Apples\n\nThe apple `Cox_Orange` is old. CAFÉ',
  'pears.md': '# Pears\n\nThe pear is older than any other fruit of the garden.',
  'cjk.txt': '東京は日本の首都です。',
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'search-'))
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text)
  collection = await loadCollection(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const found = (query: string, minScore = 0) => collection.search(query, { limit: 10, minScore }).map(({ id }) => id)

describe('search', () => {
  test('finds by words, in any case, with marks composed or not, and between signs', () => {
    expect(found('PEAR')).toEqual(['pears.md#0'])
    expect(found('orange?')).toEqual(['apples.md#0'])
    expect(found('cafe\u0301')).toEqual(['apples.md#0'])
    expect(found('日本')).toEqual(['cjk.txt#0'])
  })

  test('gives chunks whole, best first, with scores in millionths', () => {
    const results = collection.search('which pear is older', { limit: 2 })
    expect(results.map(({ id }) => id)).toEqual(['pears.md#0', 'apples.md#0'])
    expect(results[0]).toMatchObject({ ...collection.chunk('pears.md#0') })
    for (const { score } of results) expect(Math.round(score * 1e6) / 1e6).toBe(score)
  })

  test('orders equal scores by id', () => {
    const results = collection.search('same words', { limit: 10 })
    expect(results.map(({ id }) => id)).toEqual(['a.md#0', 'b.md#0'])
    expect(results[0]?.score).toBe(results[1]?.score)
  })

  test('takes words of a path and of headings for words of the chunk', () => {
    expect(found('apples md')[0]).toBe('apples.md#0')
  })

  test('ends at the limit and at the least score', () => {
    expect(collection.search('the', { limit: 2 })).toHaveLength(2)
    const best = collection.search('the pear', { limit: 1 })[0]
    expect(found('the pear', best?.score)).toEqual([best?.id])
    expect(found('the pear', Number.POSITIVE_INFINITY)).toEqual([])
  })

  test('neither begins nor mistakes a word: what a query touches is what it names', () => {
    expect(found('pea')).toEqual([])
    expect(found('paer')).toEqual([])
  })

  test('nothing is found for nothing, signs, and words of the language underneath', () => {
    for (const query of [
      '',
      ' \n',
      '*',
      '"; -- ',
      '\u0000',
      '\ud800',
      '__proto__',
      'constructor',
      'toString hasOwnProperty',
    ])
      expect(found(query)).toEqual([])
  })

  test('a limit out of range and a query that is too long are refused', () => {
    for (const limit of [0, -1, 51, 1.5, Number.NaN])
      expect(() => collection.search('pear', { limit })).toThrow('a search gives 1 to 50 chunks')
    expect(() => collection.search('a'.repeat(8193), { limit: 1 })).toThrow('at most 8192 UTF-16 units')
    expect(collection.search(`pear ${'a'.repeat(8187)}`, { limit: 1 })).toHaveLength(1)
  })
})

describe('ranking', () => {
  /** Each chunk has all common words and one of its own. */
  function rankingOf(chunks: number, common: readonly string[]): Ranking {
    const ranking = new Ranking()
    for (let n = 0; n < chunks; n++)
      ranking.add({ id: String(n).padStart(6, '0'), text: `${common.join(' ')} own${n}`, headings: '' })
    return ranking
  }
  const COMMON = Array.from({ length: 40 }, (_, n) => `common${n}`)

  test('looks up the rarest 32 words of a query, wherever they stand', () => {
    const ranking = rankingOf(50, COMMON)
    expect(ranking.rank([...COMMON, 'own7'].join(' '))[0]?.id).toBe('000007')
    const own = Array.from({ length: 40 }, (_, n) => `own${n}`)
    expect(ranking.rank([...COMMON, ...own].join(' '))).toHaveLength(32)
  })

  test('a word that is repeated counts once, and the order of words does not matter', () => {
    const ranking = rankingOf(5, ['fruit'])
    expect(ranking.rank('own1 own1 own1 fruit')).toEqual(ranking.rank('fruit own1'))
  })

  test('passes over words that would touch more of the index than a query may', () => {
    const common = COMMON.slice(0, 12).toSorted()
    const ranking = rankingOf(1000, common)
    expect(ranking.rank(common.join(' ')).at(0)?.score).toBe(ranking.rank(common.slice(0, 10).join(' ')).at(0)?.score)
    expect(ranking.rank(common.join(' ')).at(0)?.score).not.toBe(
      ranking.rank(common.slice(0, 9).join(' ')).at(0)?.score,
    )
    expect(
      rankingOf(10_001, ['everywhere'])
        .rank('everywhere own7')
        .map(({ id }) => id),
    ).toEqual(['000007'])
  })

  test('hostile names of terms and ids are names like others', () => {
    const ranking = new Ranking()
    ranking.add({ id: '__proto__', text: 'constructor proto valueOf', headings: 'constructor' })
    expect(ranking.rank('constructor')[0]?.id).toBe('__proto__')
    expect(ranking.rank('valueof proto')).toHaveLength(1)
  })
})

describe('terms', () => {
  test('are runs of letters and digits in lower case, letters of scripts without spaces, and cut at 64 units', () => {
    expect(termsOf('The `LOG_MMD_EXCEEDED`: 3.5-fold, İ ﬁn Ⅷ')).toEqual([
      'the',
      'log',
      'mmd',
      'exceeded',
      '3',
      '5',
      'fold',
      'i̇',
      'fin',
      'viii',
    ])
    expect(termsOf('東京tower')).toEqual(['東', '京', 'tower'])
    expect(termsOf('f'.repeat(100))).toEqual(['f'.repeat(64)])
    expect(termsOf('a b a')).toEqual(['a', 'b', 'a'])
  })
})
