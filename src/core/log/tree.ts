/** An append-only Merkle tree in memory that answers for every size it ever had. No I/O: the server and the tests share it. @module */
import { CountersignError } from '../../errors.ts'
import { emptyRoot, HASH_SIZE, hashChildren, hashRange } from './merkle.ts'
import { consistencyPath, inclusionPath, type Range, wholeTree } from './paths.ts'

// Pages of 256 hashes: growing never copies what is there, and a page of level 0 is a full tile.
const PAGE_HASHES = 256

/**
 * Keeps the hash of every complete subtree, level by level (about 64 octets a leaf), so that roots and proofs of
 * any earlier size cost O(log n) hashes.
 *
 * @example
 * const tree = new MerkleTree()
 * tree.append(hashLeaf(entry))
 * const proof = tree.inclusionProof(0, tree.size)
 */
export class MerkleTree {
  /** `#levels[l]` holds the hashes of the complete subtrees of 2^l leaves, left to right. */
  readonly #levels: Uint8Array[][] = []
  #size = 0

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** Appends a leaf hash (32 octets, see `hashLeaf`) and returns its index. */
  append(leafHash: Uint8Array): number {
    if (leafHash.length !== HASH_SIZE) throw misuse('a leaf hash has 32 octets')
    const index = this.#size
    let hash = leafHash
    let at = index
    this.#put(0, at, hash)
    for (let level = 1; at % 2 === 1; level++) {
      hash = hashChildren(this.#node(level - 1, at - 1), hash)
      at = (at - 1) / 2
      this.#put(level, at, hash)
    }
    this.#size = index + 1
    return index
  }

  /** The leaf hash at `index`, copied. */
  leafHash(index: number): Uint8Array {
    if (!isIndex(index, this.#size)) throw misuse(`no leaf ${index} in a tree of ${this.#size}`)
    return this.#node(0, index).slice()
  }

  /** The root over the first `size` leaves. */
  root(size: number = this.#size): Uint8Array {
    this.#requireSize(size)
    return size === 0 ? emptyRoot() : this.#rangeHash(wholeTree(size))
  }

  /** RFC 6962 2.1.1: PATH(index, D[size]), from the sibling of the leaf upwards. */
  inclusionProof(index: number, size: number = this.#size): readonly Uint8Array[] {
    this.#requireSize(size)
    return inclusionPath(index, size).map((range) => this.#rangeHash(range))
  }

  /** RFC 6962 2.1.2: PROOF(older, D[newer]); empty where nothing is to prove. */
  consistencyProof(older: number, newer: number = this.#size): readonly Uint8Array[] {
    this.#requireSize(newer)
    return consistencyPath(older, newer).map((range) => this.#rangeHash(range))
  }

  /** `count` neighbouring hashes of complete subtrees of 2^level leaves, from the `start`-th: what a tile holds. */
  hashes(level: number, start: number, count: number): Uint8Array {
    if (start + count > Math.floor(this.#size / 2 ** level))
      throw misuse(`level ${level} has no hashes up to ${start + count}`)
    const out = new Uint8Array(count * HASH_SIZE)
    for (let i = 0; i < count; i++) out.set(this.#node(level, start + i), i * HASH_SIZE)
    return out
  }

  #rangeHash(range: Range): Uint8Array {
    return hashRange(range.map(({ level, index }) => this.#node(level, index))).slice()
  }

  #node(level: number, index: number): Uint8Array {
    const page = this.#levels[level]?.[Math.floor(index / PAGE_HASHES)]
    if (page === undefined) throw misuse(`no node ${index} on level ${level}`)
    const offset = (index % PAGE_HASHES) * HASH_SIZE
    return page.subarray(offset, offset + HASH_SIZE)
  }

  #put(level: number, index: number, hash: Uint8Array): void {
    let pages = this.#levels[level]
    if (pages === undefined) {
      pages = []
      this.#levels[level] = pages
    }
    let page = pages[Math.floor(index / PAGE_HASHES)]
    if (page === undefined) {
      page = new Uint8Array(PAGE_HASHES * HASH_SIZE)
      pages.push(page)
    }
    page.set(hash, (index % PAGE_HASHES) * HASH_SIZE)
  }

  #requireSize(size: number): void {
    if (!isIndex(size, this.#size + 1)) throw misuse(`no tree of size ${size}: there are ${this.#size} leaves`)
  }
}

function isIndex(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end
}

function misuse(message: string): CountersignError {
  return new CountersignError('ERR_USAGE', message)
}
