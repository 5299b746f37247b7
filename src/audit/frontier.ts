/** The right edge of a growing RFC 6962 tree: roots of a stream of leaves in memory of log n hashes. @module */
import { emptyRoot, hashChildren } from '../core/log/index.ts'

/**
 * @example
 * const frontier = new Frontier()
 * frontier.append(hashLeaf(entry))
 * frontier.root()
 */
export class Frontier {
  /** Roots of the complete subtrees that the leaves so far fall into, left to right: one for each bit of the size. */
  readonly #peaks: Uint8Array[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  append(leafHash: Uint8Array): void {
    let hash = leafHash
    for (let at = this.#size; at % 2 === 1; at = (at - 1) / 2) {
      const left = this.#peaks.pop()
      if (left !== undefined) hash = hashChildren(left, hash)
    }
    this.#peaks.push(hash)
    this.#size++
  }

  root(): Uint8Array {
    return this.#peaks.length === 0 ? emptyRoot() : this.#peaks.reduceRight((right, left) => hashChildren(left, right))
  }
}
