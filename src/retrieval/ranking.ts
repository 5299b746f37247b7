/**
 * Which chunks answer a query best: BM25 over text and headings. The one place that knows the search library.
 *
 * Queries are the client's. What one costs is bounded: its length, its terms, and the entries of the index that they touch. Terms match
 * whole, without prefixes or edit distances, whose cost an attacker would choose.
 * @module
 */
import MiniSearch, { type SearchOptions } from 'minisearch'
import { termsOf } from './terms.ts'

/** Of one query; the rarest are taken, since they tell most. */
const MAX_TERMS = 32
/** Entries of the index that one query may touch. The gateway answers nobody meanwhile: milliseconds, in a collection of any size. */
const MAX_POSTINGS = 10_000
/**
 * Logarithms may differ in their last bits between engines (ECMA-262 leaves them implementation-approximated). Scores count in millionths,
 * so that such a bit orders nothing.
 */
const SCORE_STEPS = 1e6
/** All of it is given, though most is the library's default: another version of it must not change what is found. */
const MATCHING: SearchOptions = {
  combineWith: 'OR',
  prefix: false,
  fuzzy: false,
  // A word in a heading says more of what a chunk is about than one in its text.
  boost: { text: 1, headings: 1.5 },
  bm25: { k: 1.2, b: 0.7, d: 0.5 },
}

export interface RankedText {
  readonly id: string
  readonly text: string
  readonly headings: string
}

export interface Ranked {
  readonly id: string
  readonly score: number
}

export class Ranking {
  readonly #index = new MiniSearch<RankedText>({
    fields: ['text', 'headings'],
    tokenize: termsOf,
    processTerm: (term) => term,
  })
  /** In how many fields of chunks a term is. */
  readonly #spread: Map<string, number> = new Map()

  /** Chunks must come in one order everywhere: averages are kept in floating point. */
  add(chunk: RankedText): void {
    this.#index.add(chunk)
    for (const field of [chunk.text, chunk.headings])
      for (const term of new Set(termsOf(field))) this.#spread.set(term, (this.#spread.get(term) ?? 0) + 1)
  }

  /** All chunks that hold a term of the query, best first; of equal scores the smaller id. */
  rank(query: string): readonly Ranked[] {
    const terms = this.#choose(query)
    return this.#index
      .search(query, { ...MATCHING, tokenize: () => terms, boostTerm: (term) => this.#weight(term) })
      .map(({ id, score }) => ({ id: String(id), score: Math.round(score * SCORE_STEPS) / SCORE_STEPS }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }

  /**
   * From 0 to 1. The library takes a word for rare that few headings have, though every text has it: "what" in a heading then outweighs what
   * was asked for. So each term also counts by how rare it is in the whole.
   */
  #weight(term: string): number {
    const spread = this.#spread.get(term) ?? 0
    const all = 2 * this.#index.documentCount
    return Math.log(1 + (all - spread + 0.5) / (spread + 0.5)) / Math.log(1 + all)
  }

  /** The terms that are looked up: rarest first, as many as may be. */
  #choose(query: string): string[] {
    const known = [...new Set(termsOf(query))].flatMap((term) => {
      const spread = this.#spread.get(term)
      return spread === undefined ? [] : [{ term, spread }]
    })
    known.sort((a, b) => a.spread - b.spread || (a.term < b.term ? -1 : 1))
    let postings = 0
    const chosen: string[] = []
    for (const { term, spread } of known.slice(0, MAX_TERMS)) {
      postings += spread
      if (postings > MAX_POSTINGS) break
      chosen.push(term)
    }
    return chosen
  }
}
